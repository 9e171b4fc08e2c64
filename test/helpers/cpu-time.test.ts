import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'tap';
import { CpuWait, Stopwatch } from './cpu-time.ts';

test('a process that shares one CPU with another waits about half of the time; one that sleeps does not wait', async (t) => {
  const run = (code: string) => {
    const child = spawn('taskset', ['-c', '0', process.execPath, '-e', `${code}; process.send?.('ready')`], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const sleeper = run('setInterval(() => {}, 1000)');
  await once(sleeper, 'message');
  const spin = 'setImmediate(() => { for (;;); })';
  const spinners = [run(spin), run(spin)];
  await Promise.all(spinners.map((child) => once(child, 'message')));
  const asleep = new CpuWait([sleeper.pid!]);
  const busy = spinners.map(({ pid }) => new CpuWait([pid!]));
  const watch = new Stopwatch(spinners.map(({ pid }) => pid!));
  const both = new CpuWait(spinners.map(({ pid }) => pid!));
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const waitedMs = busy.map(({ ms }) => ms);
  const tookMs = performance.now() - startMs;
  // One of them was running at any time, unless the machine had others to run as well.
  t.ok(waitedMs[0]! + waitedMs[1]! > 0.9 * tookMs, `${waitedMs.map(Math.round)} of ${Math.round(tookMs)} ms`);
  t.ok(both.ms >= waitedMs[0]! + waitedMs[1]!);
  t.ok(asleep.ms < 0.5 * Math.min(...waitedMs), `${asleep.ms.toFixed(1)} ms`);
  t.ok(watch.ownMs < watch.ms - 0.9 * tookMs, `${watch.ownMs.toFixed(0)} of ${watch.ms.toFixed(0)} ms`);
  both.reset();
  t.ok(both.ms < waitedMs[0]! + waitedMs[1]!);
});
