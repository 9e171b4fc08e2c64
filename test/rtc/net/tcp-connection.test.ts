import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { test } from 'tap';
import { frame } from '../../../src/rtc/net/stream-framing.ts';
import { TCP_CONNECTION_LIMITS as LIMITS, TcpConnection } from '../../../src/rtc/net/tcp-connection.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const STUN = Buffer.from([0, 1, 2, 3]);
const RTP = Buffer.from([0x80, 111, 0, 0]);

/** A socket whose system accepts writes only when the test says so. */
class FakeSocket extends EventEmitter {
  readonly written: Buffer[] = [];
  /** The data that the system has not accepted yet. */
  readonly #waiting: { length: number; taken: () => void }[] = [];
  takesAll = true;
  end: 'none' | 'closed' | 'reset' = 'none';
  hasDelay = true;
  isPaused = false;
  localAddress: string | undefined = '::ffff:192.0.2.9';
  localPort: number | undefined = 4000;

  get writableLength(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Buffer, taken: () => void): void {
    this.written.push(Buffer.from(bytes));
    if (this.takesAll) taken();
    else this.#waiting.push({ length: bytes.length, taken });
  }

  takeOne(): void {
    this.#waiting.shift()?.taken();
  }

  setNoDelay(on: boolean): void {
    this.hasDelay = !on;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.end = 'closed';
  }

  resetAndDestroy(): void {
    this.end = 'reset';
  }
}

function setUp({ adopted = true, onFrame = (_connection: TcpConnection) => {} } = {}) {
  const clock = new FakeClock({ startMs: 1000 });
  const socket = new FakeSocket();
  const counters = { accepted: 0, refused: 0, packetsDropped: 0, framesIn: 0 };
  const frames: Buffer[] = [];
  const log: string[] = [];
  const connection: TcpConnection = new TcpConnection({
    socket: socket as unknown as Socket,
    remote: { address: '192.0.2.1', port: 5000 },
    clock,
    limits: LIMITS,
    counters,
    events: {
      frame: (datagram, from) => {
        frames.push(datagram);
        onFrame(from);
      },
      adopted: () => log.push('adopted'),
      closed: () => log.push('closed'),
    },
  });
  if (adopted) connection.adopt();
  const hear = (datagram: Uint8Array = RTP) => {
    socket.emit('data', frame(datagram));
  };
  /** Whether a datagram of this length is sent now. */
  const sends = (length = 10): boolean => {
    const before = socket.written.length;
    connection.send(Buffer.alloc(length));
    return socket.written.length > before;
  };
  return { clock, socket, connection, counters, frames, log, hear, sends };
}

test('datagrams are written in frames without delay', (t) => {
  const { socket, connection } = setUp();
  t.equal(socket.hasDelay, false);
  t.equal(connection.send(RTP), true, 'the buffer may be reused');
  t.same(socket.written, [frame(RTP)]);
  t.equal(connection.protocol, 'tcp');
  t.same(connection.remote, { address: '192.0.2.1', port: 5000 });
  t.same(connection.local, { address: '192.0.2.9', port: 4000 });
  socket.localAddress = undefined;
  t.equal(connection.local, undefined);
  t.end();
});

test('an unadopted connection has five seconds and sixteen frames, the first of them STUN', (t) => {
  const slow = setUp({ adopted: false });
  slow.clock.advance(5000 - 1);
  t.equal(slow.socket.end, 'none');
  slow.clock.advance(1);
  t.equal(slow.socket.end, 'reset');
  t.equal(slow.counters.refused, 1);

  for (const [first, isRefused] of [
    [0, false],
    [3, false],
    [4, true],
    [128, true],
  ] as const) {
    const { hear, frames, socket } = setUp({ adopted: false });
    hear(Buffer.from([first, 0, 0, 0]));
    t.equal(socket.end, isRefused ? 'reset' : 'none', `${first}`);
    t.equal(frames.length, isRefused ? 0 : 1);
    hear(RTP);
    t.equal(frames.length, isRefused ? 0 : 2, 'later ones may be anything');
  }

  const many = setUp({ adopted: false });
  for (let i = 0; i < 16; i++) many.hear(STUN);
  t.equal(many.socket.end, 'none');
  many.hear(STUN);
  t.equal(many.socket.end, 'reset');
  t.equal(many.frames.length, 16);
  t.same(many.log, ['closed']);
  t.end();
});

test('once it is adopted these limits are gone', (t) => {
  const { connection, clock, socket, counters, frames, log, hear } = setUp({ adopted: false });
  hear(STUN);
  connection.adopt();
  connection.adopt();
  t.same(log, ['adopted']);
  clock.advance(5000);
  for (let i = 0; i < 40; i++) hear();
  t.equal(frames.length, 41);
  t.equal(counters.framesIn, 41);
  t.equal(socket.end, 'none');
  t.end();
});

test('the queue is bounded: the excess is dropped, and the buffer is free', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1 }), (lengths) => {
      const { socket, counters, sends } = setUp();
      socket.takesAll = false;
      let dropped = 0;
      for (const length of lengths) {
        const waiting = socket.writableLength;
        const mayWait = waiting === 0 || waiting + length <= 4096;
        if (sends(length) !== mayWait) return false;
        if (!mayWait) dropped++;
      }
      return counters.packetsDropped === dropped && socket.end === 'none';
    }),
  );
  t.end();
});

test('a system that accepts nothing for five seconds ends the connection, and one that accepts something does not', (t) => {
  const { clock, socket, log, sends, hear } = setUp();
  socket.takesAll = false;
  const pause = () => {
    clock.advance(5000 - 1);
    hear();
  };
  for (let i = 0; i < 3; i++) sends();
  pause();
  socket.takeOne();
  pause();
  socket.takeOne();
  pause();
  socket.takeOne();
  clock.advance(5000);
  t.equal(socket.end, 'none', 'nothing is queued any more');
  hear();
  sends();
  pause();
  t.equal(socket.end, 'none');
  clock.advance(1);
  t.equal(socket.end, 'reset');
  t.same(log, ['adopted', 'closed']);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a peer that is silent for half a minute has gone', (t) => {
  const { clock, socket, counters, hear } = setUp();
  clock.advance(30_000 - 1);
  hear();
  clock.advance(30_000 - 1);
  t.equal(socket.end, 'none');
  clock.advance(1);
  t.equal(socket.end, 'reset');
  t.equal(counters.refused, 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('nothing is sent to a peer that is silent for longer than one and a half of its longest pauses', (t) => {
  const [leastSilenceMs, mostSilenceMs] = [3000, 7000];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 20 }), (pauses) => {
      const { clock, sends, hear } = setUp();
      // Each shorter pause lowers the longest one by a quarter of itself.
      let longestMs = mostSilenceMs / 1.5;
      for (const pauseMs of pauses) {
        clock.advance(pauseMs);
        hear();
        longestMs = Math.max(pauseMs, longestMs - pauseMs / 4);
      }
      const silenceMs = Math.floor(Math.min(mostSilenceMs, Math.max(leastSilenceMs, 1.5 * longestMs)));
      clock.advance(silenceMs);
      const isStillSent = sends();
      clock.advance(1);
      const isCutOff = !sends();
      hear();
      return isStillSent && isCutOff && sends();
    }),
  );
  t.end();
});

test('a peer that sends faster than allowed is read later, and not before', (t) => {
  const [readBytesPerMs, readBurstBytes] = [200, 16_384];
  const { clock, socket, hear } = setUp();
  const hearBytes = (count: number) => {
    for (let left = count; left > 0; left -= 1000) hear(Buffer.alloc(Math.min(1000, left) - 2, 0x80));
  };
  hearBytes(readBurstBytes);
  t.notOk(socket.isPaused, 'a burst is fine');
  hearBytes(10 * readBytesPerMs);
  t.ok(socket.isPaused);
  clock.advance(9.9);
  t.ok(socket.isPaused);
  clock.advance(0.1);
  t.notOk(socket.isPaused);
  hearBytes(readBytesPerMs);
  t.ok(socket.isPaused, 'nothing is left of the burst');
  // Data in between moves the end of the pause.
  hearBytes(readBytesPerMs);
  clock.advance(1.5);
  t.ok(socket.isPaused);
  clock.advance(0.5);
  t.notOk(socket.isPaused);
  clock.advance(20_000);
  hearBytes(readBurstBytes);
  t.notOk(socket.isPaused, 'after a pause there is a whole burst again');
  hearBytes(10);
  t.ok(socket.isPaused, 'and no more than one');
  t.end();
});

test('it ends once, whoever ends it, and leaves nothing behind', (t) => {
  for (const [end, how] of [
    ['release', 'closed'],
    ['refuse', 'reset'],
    ['peer', 'none'],
  ] as const) {
    const { clock, socket, connection, counters, frames, log, hear, sends } = setUp();
    for (let i = 0; i < 40; i++) hear(Buffer.alloc(1000, 0x80));
    const before = frames.length;
    if (end === 'peer') socket.emit('close');
    else connection[end]();
    t.equal(socket.end, how);
    t.equal(clock.pendingTimers, 0, 'no timer is pending');
    connection.release();
    connection.refuse();
    connection.adopt();
    socket.emit('close');
    hear();
    t.equal(frames.length, before, 'later data is not read');
    t.equal(sends(), false);
    t.same(log, ['adopted', 'closed']);
    t.equal(counters.refused, end === 'refuse' ? 1 : 0);
    t.equal(counters.packetsDropped, 0, 'data after the end is not an error');
    t.equal(socket.end, how);
  }
  t.end();
});

test('a released connection does not wait for a peer that reads nothing', (t) => {
  const { clock, socket, connection, sends } = setUp();
  socket.takesAll = false;
  sends();
  connection.release();
  t.equal(socket.end, 'reset');
  t.equal(clock.pendingTimers, 0);
  socket.takeOne();
  t.equal(clock.pendingTimers, 0, 'and a late event from the system starts nothing');
  t.end();
});

test('a connection that ends with a frame reads no further', (t) => {
  const { socket, frames, clock } = setUp({ onFrame: (connection) => connection.release() });
  const many = Buffer.concat(Array.from({ length: 40 }, () => frame(Buffer.alloc(1000, 0x80))));
  socket.emit('data', many);
  t.equal(frames.length, 1);
  t.equal(clock.pendingTimers, 0);
  t.notOk(socket.isPaused);
  t.end();
});

test('a frame that is too long ends it', (t) => {
  const { socket, counters, frames } = setUp();
  socket.emit('data', Buffer.concat([frame(RTP), Buffer.from([0xff, 0xff, 0])]));
  t.equal(frames.length, 1);
  t.equal(socket.end, 'reset');
  t.equal(counters.refused, 1);
  t.end();
});

test('socket errors are not exceptions', (t) => {
  const { socket, log } = setUp();
  socket.emit('error', new Error('ECONNRESET'));
  t.same(log, ['adopted'], 'close follows');
  socket.emit('close');
  t.same(log, ['adopted', 'closed']);
  t.end();
});
