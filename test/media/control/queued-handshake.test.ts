import { test } from 'tap';
import { HandshakeQueue } from '../../../src/media/control/handshake-queue.ts';
import { QueuedHandshake } from '../../../src/media/control/queued-handshake.ts';
import type { DtlsSession } from '../../../src/rtc/dtls/dtls-session.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const hello = (n: number) => Uint8Array.from([22, 0xfe, 0xfd, n]);

function setUp() {
  const clock = new FakeClock();
  const queue = new HandshakeQueue(clock, { perSecond: 1, burst: 1, perSecondPerAddress: 1, burstPerAddress: 1 });
  const log: string[] = [];
  const open = () => {
    log.push('open');
    const session = {
      receive: (datagram: Uint8Array) => log.push(`receive ${datagram[0]} ${datagram[3]}`),
      close: () => log.push('close'),
    };
    return session as unknown as DtlsSession;
  };
  const handshake = () =>
    new QueuedHandshake({ queue, address: 'a', clock, open, timedOut: () => log.push('timed out') });
  return { clock, queue, log, handshake };
}

test('a session is created when the peer begins', (t) => {
  const { log, handshake } = setUp();
  const one = handshake();
  one.receive(Uint8Array.from([21, 0xfe, 0xfd, 9]));
  t.same(log, [], 'an alert begins nothing');
  one.receive(hello(1));
  one.receive(Uint8Array.from([20, 0xfe, 0xfd, 2]));
  one.close();
  one.close();
  one.receive(hello(3));
  t.same(log, ['open', 'receive 22 1', 'receive 20 2', 'close']);
  t.end();
});

test('input during a queued handshake is kept, up to the size of a ClientHello', (t) => {
  const { clock, log, handshake } = setUp();
  handshake().receive(hello(0));
  const waiting = handshake();
  for (let n = 1; n <= 6; n++) waiting.receive(hello(n));
  log.length = 0;
  clock.advance(2000);
  t.same(log, ['open', 'receive 22 1', 'receive 22 2', 'receive 22 3', 'receive 22 4']);
  t.end();
});

test('a handshake that is given up while queued never begins', (t) => {
  const { clock, queue, log, handshake } = setUp();
  handshake().receive(hello(0));
  const waiting = handshake();
  waiting.receive(hello(1));
  waiting.close();
  t.equal(queue.waiting, 0);
  log.length = 0;
  clock.advance(60_000);
  t.same(log, []);
  t.end();
});

test('a peer has fifteen seconds to begin, however long it queues after that', (t) => {
  const { clock, log, handshake } = setUp();
  handshake();
  clock.advance(14_999);
  t.same(log, []);
  clock.advance(1);
  t.same(log, ['timed out']);
  const crowd = Array.from({ length: 30 }, handshake);
  for (const [n, one] of crowd.entries()) one.receive(hello(n));
  clock.advance(40_000);
  t.equal(log.filter((line) => line === 'open').length, 30);
  t.equal(log.filter((line) => line === 'timed out').length, 1);
  t.end();
});
