import { test } from 'tap';
import type { MediaAddress } from '../../../src/rtc/net/datagram-port.ts';
import { isShared } from '../../../src/rtc/net/shared-tcp.ts';

const at = (address: string): MediaAddress => ({
  protocol: 'udp',
  address,
  family: address.includes(':') ? 6 : 4,
  port: 4000,
});

test('connections to an address go to a listener on it, or on a wildcard of its family', (t) => {
  for (const [host, address, shared] of [
    ['0.0.0.0', '192.0.2.1', true],
    ['0.0.0.0', '2001:db8::1', false],
    ['::', '192.0.2.1', true],
    ['::', '2001:db8::1', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8::1', '2001:db8::1', true],
    ['2001:0DB8:0::0001', '2001:db8::1', true],
    ['2001:db8::1', '2001:db8::2', false],
    ['192.0.2.1', '2001:db8::1', false],
    ['127.0.0.1', '192.0.2.1', false],
  ] as const) {
    t.equal(isShared({ host, port: 443 }, at(address)), shared, `${address} with a listener at ${host}`);
  }
  t.end();
});
