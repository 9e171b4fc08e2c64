import { test } from 'tap';
import { EventLoopWatch } from '../../src/admin/metrics/event-loop-watch.ts';
import { health } from '../../src/http/health.ts';
import type { WorkerHealth } from '../../src/media/plane.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { workerHealth } from '../helpers/fake-media-plane.ts';

const STATE = { version: '1.2.3', closing: false, stalledMs: 0, rooms: 3, participants: 4 };
const TICKING = [workerHealth(), workerHealth({ worker: 1, tickAgeMs: 1000, restarts: 1 })];

test('a server whose workers all tick is healthy', (t) => {
  t.strictSame(health({ ...STATE, workers: TICKING }), {
    status: 'ok',
    version: '1.2.3',
    problems: [],
    rooms: 3,
    participants: 4,
    workers: [
      { worker: 0, running: true, failing: false, restarts: 0, tickAgeMs: 5, starved: false },
      { worker: 1, running: true, failing: false, restarts: 1, tickAgeMs: 1000, starved: false },
    ],
  });
  t.end();
});

test('a worker that does not tick, is missing or keeps dying makes the server unhealthy, with the reason', (t) => {
  const withWorker = (given: Partial<WorkerHealth>) =>
    health({ ...STATE, workers: [TICKING[0]!, workerHealth({ worker: 1, ...given })] });
  t.match(withWorker({ tickAgeMs: 1001 }), {
    status: 'unhealthy',
    problems: [{ code: 'worker_stalled', message: 'Media worker 1 has not ticked for 1001 ms.' }],
  });
  t.match(withWorker({ running: false, tickAgeMs: null }), {
    status: 'unhealthy',
    problems: [{ code: 'worker_missing', message: 'Media worker 1 has died and is not yet replaced.' }],
  });
  t.match(withWorker({ failing: true }), {
    status: 'unhealthy',
    problems: [{ code: 'worker_failing', message: 'Media worker 1 dies repeatedly.' }],
  });
  t.end();
});

test('a worker that the machine starves is reported, but the server is healthy: a restart would not help', (t) => {
  const workers = [TICKING[0]!, workerHealth({ worker: 1, starved: true })];
  t.match(health({ ...STATE, workers }), {
    status: 'ok',
    problems: [{ code: 'worker_starved', message: /^Audio of media worker 1 is late although it is not overloaded/ }],
  });
  t.end();
});

test('a draining server still serves its participants, and is as healthy as otherwise', (t) => {
  const draining = { ...STATE, draining: true };
  t.match(health({ ...draining, workers: TICKING }), { status: 'draining', problems: [] });
  t.match(health({ ...draining, workers: TICKING, stalledMs: 2000 }), { status: 'unhealthy' });
  t.match(health({ ...draining, closing: true, workers: TICKING }), { status: 'closing' });
  t.end();
});

test('an event loop that stalled makes the server unhealthy, with the reason', (t) => {
  t.match(health({ ...STATE, workers: TICKING, stalledMs: 1234.5 }), {
    status: 'unhealthy',
    problems: [{ code: 'event_loop_stalled', message: /main thread was blocked for 1235 ms/ }],
  });
  t.end();
});

test('problems with the certificate are reported, but a restart would not fix them', (t) => {
  const certificate = { code: 'certificate_expiring', message: 'The certificate expires on 2026-12-01.' } as const;
  t.match(health({ ...STATE, workers: TICKING, certificate }), { status: 'ok', problems: [certificate] });
  t.match(health({ ...STATE, workers: TICKING, certificate, stalledMs: 1000 }), {
    status: 'unhealthy',
    problems: [{ code: 'event_loop_stalled' }, certificate],
  });
  t.end();
});

test('missing media addresses are reported, but a restart would not fix that', (t) => {
  const reach = { candidates: ['udp 192.0.2.1:40000'], unbound: [], isLoopbackOnly: false };
  t.strictSame(health({ ...STATE, workers: TICKING, reach }).candidates, reach.candidates);
  t.strictSame(health({ ...STATE, workers: TICKING, reach }).problems, []);
  t.match(health({ ...STATE, workers: TICKING, reach: { ...reach, isLoopbackOnly: true } }), {
    status: 'ok',
    problems: [{ code: 'media_loopback_only', message: /only loopback addresses/ }],
  });
  const unbound = [{ protocol: 'udp', address: '2001:db8::5', port: 40_000, reason: 'the port is in use' }] as const;
  t.match(health({ ...STATE, workers: TICKING, reach: { ...reach, unbound } }), {
    status: 'ok',
    problems: [
      {
        code: 'media_address_unbound',
        message: 'Media is not received at udp [2001:db8::5]:40000: the port is in use.',
      },
    ],
  });
  t.end();
});

test('a server that is closing says so', (t) => {
  t.equal(health({ ...STATE, workers: TICKING, closing: true }).status, 'closing');
  t.end();
});

/** A clock whose timers fire late after `stall`, like those of a busy event loop. */
class StallingClock extends FakeClock {
  #aheadMs = 0;

  override now(): number {
    return super.now() + this.#aheadMs;
  }

  override setTimer(at: number, callback: () => void): () => void {
    return super.setTimer(at - this.#aheadMs, callback);
  }

  stall(ms: number): void {
    this.#aheadMs += ms;
  }
}

test('a stall of the event loop is seen while it lasts, remembered for ten seconds, and counted', (t) => {
  const clock = new StallingClock();
  const watch = new EventLoopWatch(clock);
  clock.advance(60_000);
  t.equal(watch.stalledMs, 0);
  clock.stall(900);
  t.equal(watch.stalledMs, 0, 'less than a second is not a stall');
  clock.advance(5000);
  clock.stall(3000);
  const during = watch.stalledMs;
  t.ok(during >= 2750 && during <= 3000, `${during} ms, asked before the timer fires`);
  clock.advance(1000);
  t.ok(watch.stalledMs >= 2750 && watch.stalledMs <= 3000, `${watch.stalledMs} ms, remembered`);
  clock.advance(10_000);
  t.equal(watch.stalledMs, 0);
  t.equal(watch.stalls, 1);
  const { bounds, counts, count } = watch.delaySeconds;
  t.ok(count > 4 * 70 && count < 4 * 80, `${count} checks in less than 80 s: each of them wakes the process`);
  t.equal(count - counts[bounds.indexOf(0.5)]!, 2, 'two of them were late by more than half a second');
  watch.close();
  watch.close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});
