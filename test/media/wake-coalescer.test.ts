import { test } from 'tap';
import type { Millis } from '../../src/lib/clock.ts';
import { TickLoop } from '../../src/media/tick-loop.ts';
import { POLL_INTERVAL_MS, WakeCoalescer } from '../../src/media/wake-coalescer.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { createPrng } from '../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 12);
const TICK_MS = 20;
/** As libuv does. */
const READ_AT_ONCE = 32;

/** A thread with an event loop, a socket and a tick loop, in simulated time. It cannot sleep away what others do to its clock. */
class SimulatedThread {
  readonly clock = new FakeClock();
  /** How often it was woken, from either kind of wait. */
  wakes = 0;
  /** Of each datagram, how long it waited in the socket. */
  readonly waitsMs: number[] = [];
  readonly ticks: { readonly latenessMs: Millis; readonly unread: number }[] = [];
  readonly coalescer: WakeCoalescer;
  readonly loop: TickLoop;
  #arrivals: number[] = [];
  #read = 0;
  #callbacks: (() => void)[] = [];

  constructor() {
    this.coalescer = new WakeCoalescer({
      clock: this.clock,
      datagramsIn: () => this.#read,
      sleep: (ms) => {
        this.wakes++;
        this.clock.advance(ms);
      },
      afterPoll: (callback) => this.#callbacks.push(callback),
    });
    this.loop = new TickLoop({
      clock: this.coalescer,
      intervalMs: TICK_MS,
      onTick: (_tick, nowMs, latenessMs) => {
        this.ticks.push({ latenessMs, unread: this.#arrivals.filter((atMs) => atMs <= nowMs).length });
      },
    });
  }

  /** @param datagrams when they come, in order, after now */
  run(ms: Millis, datagrams: readonly Millis[] = []): void {
    const endMs = this.clock.now() + ms;
    this.#arrivals = [...datagrams];
    while (this.clock.now() < endMs) {
      for (const callback of this.#callbacks.splice(0)) callback();
      if (this.#callbacks.length === 0) this.#waitInEventLoop(endMs);
      this.#poll();
    }
  }

  /** Until the first datagram, or a timer, which fires at a millisecond as Node's do. */
  #waitInEventLoop(endMs: Millis): void {
    const ticked = this.ticks.length;
    const untilMs = Math.min(this.#arrivals[0] ?? endMs, endMs);
    while (this.clock.now() < untilMs && this.ticks.length === ticked && this.#callbacks.length === 0) {
      this.clock.advance(Math.min(1, untilMs - this.clock.now()));
    }
    this.wakes++;
  }

  #poll(): void {
    const nowMs = this.clock.now();
    for (let i = 0; i < READ_AT_ONCE && this.#arrivals[0] !== undefined && this.#arrivals[0] <= nowMs; i++) {
      this.waitsMs.push(nowMs - this.#arrivals.shift()!);
      this.#read++;
    }
  }
}

/** Points in time from `fromMs` for `ms`, at random, in order. */
function arrivals(perSecond: number, fromMs: Millis, ms: Millis): number[] {
  const prng = createPrng(SEED);
  return Array.from({ length: (perSecond * ms) / 1000 }, () => fromMs + prng() * ms).sort((a, b) => a - b);
}

const latest = (thread: SimulatedThread) => Math.max(...thread.ticks.map(({ latenessMs }) => latenessMs));

test('where many datagrams come the thread is woken twice in a tick, has read all before it, and is on time', async (t) => {
  t.comment(`SEED=${SEED}`);
  const thread = new SimulatedThread();
  thread.run(2000, arrivals(1000, 0, 2000));
  const before = thread.wakes;
  t.ok(before > 1000, `${before} wake-ups in the first two seconds, until it is noticed`);
  thread.ticks.length = 0;
  thread.waitsMs.length = 0;
  thread.run(10_000, arrivals(1000, 2000, 10_000));
  const wakesPerTick = (thread.wakes - before) / thread.ticks.length;
  t.ok(wakesPerTick < 2.1, `${wakesPerTick.toFixed(2)} wake-ups in a tick`);
  t.equal(thread.ticks.length, 500);
  t.ok(latest(thread) < 1e-6, 'each tick is on time');
  t.equal(
    thread.ticks.reduce((sum, { unread }) => sum + unread, 0),
    0,
    'nothing that has come is not read before a tick',
  );
  t.ok(Math.max(...thread.waitsMs) <= POLL_INTERVAL_MS + 1e-6);
  t.ok(thread.coalescer.sleptMs > 9900, `${thread.coalescer.sleptMs.toFixed(0)} ms of it slept`);
  thread.loop.close();
});

test('where few come each is read at once, and the thread waits as if there were no coalescing', async (t) => {
  const thread = new SimulatedThread();
  thread.run(5000, arrivals(90, 0, 5000));
  t.equal(Math.max(...thread.waitsMs), 0);
  t.equal(thread.coalescer.sleptMs, 0);
  t.equal(thread.ticks.length, 251, 'at 0 and at 5000 ms too');
  thread.loop.close();
});

test('when the room falls silent it goes back, and ticks go on', async (t) => {
  const thread = new SimulatedThread();
  thread.run(3000, arrivals(600, 0, 3000));
  thread.run(3000);
  const { sleptMs } = thread.coalescer;
  t.ok(sleptMs > 1000);
  thread.ticks.length = 0;
  thread.run(2000);
  t.equal(thread.coalescer.sleptMs, sleptMs);
  t.equal(thread.ticks.length, 100);
  t.ok(latest(thread) < 1e-6);
  thread.loop.close();
});

test('datagrams that come all at once are read before the tick, although one look takes no more than some of them', async (t) => {
  const thread = new SimulatedThread();
  thread.run(3000, arrivals(600, 0, 3000));
  thread.ticks.length = 0;
  const bursts = Array.from({ length: 50 }, (_, tick) => Array<number>(150).fill(3000 + tick * TICK_MS + 15)).flat();
  thread.run(1000, bursts);
  t.equal(
    thread.ticks.reduce((sum, { unread }) => sum + unread, 0),
    0,
  );
  t.ok(latest(thread) < 1e-6);
  thread.loop.close();
});

test('a flood is read without waiting, as the buffers of the sockets could run over', async (t) => {
  const thread = new SimulatedThread();
  thread.run(3000, arrivals(600, 0, 3000));
  const { sleptMs } = thread.coalescer;
  thread.run(3000, arrivals(30_000, 3000, 3000));
  t.ok(thread.coalescer.sleptMs - sleptMs < 1100, 'after a second at most it does not wait at all');
  t.equal(Math.max(...thread.waitsMs.slice(-30_000)), 0);
  thread.loop.close();
});

test('a closed loop leaves nothing behind', async (t) => {
  const thread = new SimulatedThread();
  thread.run(3000, arrivals(600, 0, 3000));
  thread.loop.close();
  thread.ticks.length = 0;
  thread.run(100);
  const { wakes } = thread;
  thread.run(1000);
  t.equal(thread.wakes - wakes, 1, 'it waits for whatever comes');
  t.equal(thread.ticks.length, 0);
  t.equal(thread.clock.pendingTimers, 0);
});
