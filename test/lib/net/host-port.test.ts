import { test } from 'tap';
import { formatEndpoint, parseEndpoint } from '../../../src/lib/net/host-port.ts';

test('addresses and names are parsed with and without a port', (t) => {
  const expected: Readonly<Record<string, [string, number | null]>> = {
    '192.0.2.1': ['192.0.2.1', null],
    '192.0.2.1:40000': ['192.0.2.1', 40_000],
    '2001:db8::1': ['2001:db8::1', null],
    '[2001:db8::1]': ['2001:db8::1', null],
    '[2001:db8::1]:40000': ['2001:db8::1', 40_000],
    'voice.example.org': ['voice.example.org', null],
    'voice.example.org:65535': ['voice.example.org', 65_535],
  };
  for (const [text, [host, port]] of Object.entries(expected)) t.same(parseEndpoint(text), { host, port }, text);
  t.end();
});

test('anything else is null', (t) => {
  const wrong = ['', ':', ':40000', '192.0.2.300', '192.0.2.1:0', '192.0.2.1:65536', '192.0.2.1:', '[192.0.2.1]:1'];
  const more = ['[voice.example.org]:1', '2001:db8::1:', '[2001:db8::1', 'a b', 'http://a', '-a.org', 'a..b', 'a:b'];
  for (const text of [...wrong, ...more]) t.equal(parseEndpoint(text), null, text);
  t.end();
});

test('IPv6 is written in brackets before a port', (t) => {
  t.equal(formatEndpoint('192.0.2.1', 1), '192.0.2.1:1');
  t.equal(formatEndpoint('2001:db8::1', 1), '[2001:db8::1]:1');
  t.end();
});
