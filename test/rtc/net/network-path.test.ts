import { test } from 'tap';
import { NetworkPath } from '../../../src/rtc/net/network-path.ts';

test('a path sends through its socket to its address, and reports when the buffer is free', (t) => {
  const sent: unknown[] = [];
  let isFree = true;
  const path = new NetworkPath(
    {
      protocol: 'udp',
      send: (...parameters) => {
        sent.push(parameters);
        return isFree;
      },
    },
    '192.0.2.1',
    5000,
    70,
  );
  t.equal(path.lastHeardMs, 70);
  const datagram = Buffer.from('x');
  t.equal(path.send(datagram), true);
  isFree = false;
  t.equal(path.send(datagram), false);
  t.same(sent, [
    [datagram, 5000, '192.0.2.1'],
    [datagram, 5000, '192.0.2.1'],
  ]);
  t.end();
});
