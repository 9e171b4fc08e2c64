import { test } from 'tap';
import { isPrivateAddress } from '../../../src/lib/net/private-address.ts';

test('networks that are not routed from outside are private, up to their exact ends', (t) => {
  for (const [first, last, before, after] of [
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['fc00::', 'fdff:ffff::1', 'fbff::1', 'fe00::'],
    ['fe80::', 'febf:ffff::1', 'fe7f:ffff::', 'fec0::'],
  ] as const) {
    for (const inside of [first, last]) t.ok(isPrivateAddress(inside), inside);
    for (const outside of [before, after]) t.notOk(isPrivateAddress(outside), outside);
  }
  t.notOk(isPrivateAddress('127.0.0.1'), 'loopback is a separate case');
  t.notOk(isPrivateAddress('::1'));
  t.end();
});
