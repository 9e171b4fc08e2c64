import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { openThreadTimes, ThreadLoadMeter } from '../../src/lib/thread-load.ts';

/** Computes until the process has used this much CPU time, however long the machine takes for it. */
const SPIN = `
  const spin = (cpuMs) => {
    const before = process.cpuUsage();
    for (;;) {
      const { user, system } = process.cpuUsage(before);
      if (user + system >= 1000 * cpuMs) return;
    }
  };
`;
const spin = new Function('cpuMs', `${SPIN} spin(cpuMs);`) as (cpuMs: number) => void;

test('load is running and waiting time over elapsed time, measured at most ten times a second', (t) => {
  const times = { runningMs: 5000, waitingMs: 300 };
  let reads = 0;
  const read = () => {
    reads++;
    return times;
  };
  const meter = new ThreadLoadMeter(1000, { read, close: () => {} });
  t.same(meter.measure(1000), { runningShare: 0, waitingShare: 0 });
  times.runningMs += 60;
  times.waitingMs += 50;
  t.same(meter.measure(1099), { runningShare: 0, waitingShare: 0 });
  t.same(meter.measure(1200), { runningShare: 0.3, waitingShare: 0.25 });
  for (let nowMs = 1201; nowMs < 2200; nowMs++) meter.measure(nowMs);
  t.ok(reads <= 12, `${reads} reads`);
  t.same(meter.measure(2300), { runningShare: 0, waitingShare: 0 });
  times.runningMs += 104;
  t.same(meter.measure(2400), { runningShare: 1, waitingShare: 0 }, 'never more than all of the time');
  t.end();
});

test('scheduler statistics are read in nanoseconds, and a closed reader keeps its last figures', (t) => {
  const path = join(t.testdir(), 'schedstat');
  writeFileSync(path, '9007199254740993000 250000000 42\n');
  const times = openThreadTimes(path);
  t.equal(Math.round(times.read().runningMs), 9_007_199_254_741);
  t.equal(times.read().waitingMs, 250);
  writeFileSync(path, '1500000000 0 43\n');
  t.same(times.read(), { runningMs: 1500, waitingMs: 0 });
  times.close();
  times.close();
  t.same(times.read(), { runningMs: 1500, waitingMs: 0 });
  t.end();
});

test('a thread that computes counts as running, and the work of other threads does not count', async (t) => {
  const times = openThreadTimes();
  t.teardown(() => times.close());
  const startMs = times.read().runningMs;
  spin(300);
  const computedMs = times.read().runningMs - startMs;
  t.ok(computedMs > 150, `${computedMs} ms of about 300`);
  const worker = new Worker(`${SPIN} spin(600);`, { eval: true });
  await once(worker, 'exit');
  const besideMs = times.read().runningMs - startMs - computedMs;
  t.ok(besideMs < 300, `${besideMs} ms while another thread computed for 600`);
});

test('without scheduler statistics, the event loop shows how busy the thread is', async (t) => {
  const times = openThreadTimes('/there/is/no/such/file');
  const { runningMs: before } = times.read();
  spin(50);
  const { runningMs, waitingMs } = times.read();
  t.ok(runningMs - before >= 20);
  t.equal(waitingMs, 0);
  times.close();
});
