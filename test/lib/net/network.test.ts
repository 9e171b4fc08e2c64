import { test } from 'tap';
import { formatNetwork, NetworkMap, parseNetwork } from '../../../src/lib/net/network.ts';

test('a network has one spelling', async (t) => {
  const table: readonly [given: string, spelled: string | undefined][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['192.0.2.255/31', '192.0.2.254/31'],
    ['192.0.2.7/0', '0.0.0.0/0'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
    ['::ffff:192.0.2.7/95', undefined],
    ['2001:DB8:0::7', '2001:db8::7'],
    ['2001:db8:1234:5678::1/52', '2001:db8:1234:5000::/52'],
    ['2001:db8::/128', '2001:db8::'],
    ['192.0.2.7/33', undefined],
    ['192.0.2', undefined],
    ['fe80::1%eth0', undefined],
    ['example.org', undefined],
    ['', undefined],
  ];
  for (const [given, spelled] of table) {
    const network = parseNetwork(given);
    t.equal(network && formatNetwork(network), spelled, given);
  }
});

test('the networks of an address are found', async (t) => {
  const map = new NetworkMap<string>();
  const networks = ['192.0.2.7', '192.0.2.0/24', '192.0.0.0/16', '198.51.100.0/25', '2001:db8::/32', '::/0'];
  for (const text of networks) map.set(parseNetwork(text)!, text);
  t.same(map.matches('192.0.2.7').sort(), ['192.0.0.0/16', '192.0.2.0/24', '192.0.2.7']);
  t.same(map.matches('::ffff:192.0.2.8').sort(), ['192.0.0.0/16', '192.0.2.0/24']);
  t.same(map.matches('198.51.100.127'), ['198.51.100.0/25']);
  t.same(map.matches('198.51.100.128'), []);
  t.same(map.matches('2001:db8:ffff::1%eth0').sort(), ['2001:db8::/32', '::/0']);
  t.same(map.matches('2001:db9::1'), ['::/0']);
  t.same(map.matches(''), []);

  map.set(parseNetwork('192.0.2.99/24')!, 'another');
  t.equal(map.get(parseNetwork('192.0.2.0/24')!), 'another');
  map.delete(parseNetwork('192.0.2.1/24')!);
  map.delete(parseNetwork('192.0.2.1/23')!);
  t.same(map.matches('192.0.2.7').sort(), ['192.0.0.0/16', '192.0.2.7']);
});
