import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'tap';
import { isBehindNat, localAddresses } from '../../../src/lib/net/local-addresses.ts';

function given(...addresses: readonly string[]): NetworkInterfaceInfo[] {
  return addresses.map((address) => {
    const internal = address === '::1' || address.startsWith('127.');
    const common = { address, netmask: '', mac: '', cidr: null, internal };
    return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
  });
}

test('addresses reachable from other machines come first, and link-local IPv6 is left out', (t) => {
  const interfaces = {
    lo: given('127.0.0.1', '::1'),
    docker0: given('172.17.0.1', 'fe80::42'),
    'br-0123456789ab': given('172.18.0.1'),
    veth12: given('169.254.3.4'),
    eth0: given('192.0.2.1', '2001:db8::1', 'fe80::1'),
    wg0: given('10.8.0.1', 'fd00::1'),
    wlan0: given('192.0.2.1'),
  };
  t.same(localAddresses(interfaces), [
    '192.0.2.1',
    '2001:db8::1',
    '10.8.0.1',
    'fd00::1',
    '172.17.0.1',
    '172.18.0.1',
    '169.254.3.4',
    '127.0.0.1',
    '::1',
  ]);
  t.end();
});

test('on a machine without a network only loopback is left', (t) => {
  t.same(localAddresses({ lo: given('127.0.0.1'), eth0: given('fe80::1') }), ['127.0.0.1']);
  t.ok(localAddresses().length > 0, 'this machine has one');
  t.end();
});

test('a machine is behind NAT if all its non-loopback addresses are private', (t) => {
  t.equal(isBehindNat([], ['192.168.1.5', 'fd00::2', '127.0.0.1']), true);
  t.equal(isBehindNat([], ['192.168.1.5', '203.0.113.7']), false);
  t.equal(isBehindNat(['10.0.0.2'], ['203.0.113.7']), true);
  t.equal(isBehindNat(['127.0.0.1'], ['192.168.1.5']), false);
  t.end();
});
