import * as fc from 'fast-check';
import { test } from 'tap';
import { bytesToIp, ipToBytes, ipv6Groups, withoutMapping } from '../../../src/lib/net/ip-address.ts';

const words = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));

test('addresses are parsed in any notation', (t) => {
  for (const [text, bytes] of [
    ['192.0.2.255', Uint8Array.of(192, 0, 2, 255)],
    ['::', new Uint8Array(16)],
    ['::1', words(0, 0, 0, 0, 0, 0, 0, 1)],
    ['1::', words(1, 0, 0, 0, 0, 0, 0, 0)],
    ['2001:db8::a:b', words(0x2001, 0xdb8, 0, 0, 0, 0, 0xa, 0xb)],
    ['1:2:3:4:5:6:7:ffff', words(1, 2, 3, 4, 5, 6, 7, 0xffff)],
    ['fe80::1%eth0', words(0xfe80, 0, 0, 0, 0, 0, 0, 1)],
    ['::ffff:192.0.2.1', words(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201)],
    ['64:ff9b::192.0.2.33%2', words(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0221)],
  ] as const) {
    t.same(ipToBytes(text), bytes, text);
  }
  for (const text of ['', 'example.org', '1.2.3', '1.2.3.256', ':::', '1:2:3:4:5:6:7:8:9', 'g::']) {
    t.equal(ipToBytes(text), null, text);
  }
  t.end();
});

test('every address survives the round trip through text', (t) => {
  const bytes = fc.oneof(...[4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length })));
  fc.assert(fc.property(bytes, (address) => Buffer.from(address).equals(ipToBytes(bytesToIp(address))!)));
  t.equal(bytesToIp(ipToBytes('::ffff:192.0.2.1')!), '::ffff:c000:201');
  t.equal(bytesToIp(ipToBytes('2001:0DB8:0:0:1:0:0:1')!), '2001:db8::1:0:0:1', 'in the form that RFC 5952 requires');
  t.end();
});

test('the groups are those of the address, or zeros', (t) => {
  t.same(ipv6Groups('2001:db8::ff01'), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xff01]);
  t.same(ipv6Groups('nowhere'), [0, 0, 0, 0, 0, 0, 0, 0]);
  t.end();
});

test('IPv4 in IPv6 is written as IPv4', (t) => {
  t.equal(withoutMapping('::ffff:192.0.2.1'), '192.0.2.1');
  t.equal(withoutMapping('192.0.2.1'), '192.0.2.1');
  t.equal(withoutMapping('2001:db8::ffff:1'), '2001:db8::ffff:1');
  t.end();
});
