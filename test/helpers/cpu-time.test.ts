import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { CpuWait, Stopwatch, withDescendants } from './cpu-time.ts';
import { eventually } from './eventually.ts';
import { stoodStillMs } from './standstill.ts';

test('a process that shares one CPU with another waits about half of the time; one that sleeps does not wait', async (t) => {
  const run = (...command: string[]) => {
    const child = spawn('taskset', ['-c', '0', ...command], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  // Node would wake up now and then.
  const sleeper = run('sleep', '1000');
  await eventually(() => readFileSync(`/proc/${sleeper.pid}/stat`, 'latin1').includes('(sleep) S'));
  const spin = "setImmediate(() => { for (;;); }); process.send('ready')";
  const spinners = [1, 2].map(() => run(process.execPath, '-e', spin));
  await Promise.all(spinners.map((child) => once(child, 'message')));
  const stoodStill = stoodStillMs();
  const asleep = new CpuWait([sleeper.pid!]);
  // Counts from before the others until after them, and so hardly less than they do: a helper thread may end meanwhile.
  const both = new CpuWait(spinners.map(({ pid }) => pid!));
  const watch = new Stopwatch(spinners.map(({ pid }) => pid!));
  const busy = spinners.map(({ pid }) => new CpuWait([pid!]));
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const waitedMs = busy.map(({ ms }) => ms);
  const tookMs = performance.now() - startMs;
  // One of them was running at any time, unless the machine had others to run as well.
  t.ok(waitedMs[0]! + waitedMs[1]! > 0.9 * tookMs, `${waitedMs.map(Math.round)} of ${Math.round(tookMs)} ms`);
  t.ok(both.ms >= 0.95 * (waitedMs[0]! + waitedMs[1]!), 'both together wait for as long as each of them');
  t.ok(
    both.longestMs >= 0.95 * Math.max(...waitedMs) && both.longestMs < both.ms,
    'one of them waits for a part of it',
  );
  const sleptMs = asleep.ms - (stoodStillMs() - stoodStill);
  t.ok(sleptMs < 1, `${sleptMs.toFixed(1)} ms`);
  t.ok(watch.ownMs < watch.ms - 0.9 * tookMs, `${watch.ownMs.toFixed(0)} of ${watch.ms.toFixed(0)} ms`);
  both.reset();
  t.ok(both.ms < waitedMs[0]! + waitedMs[1]!);
});

test('the descendants of a process are its children and theirs', async (t) => {
  const sleepers = spawn('sh', ['-c', '(sleep 100 & echo $!; wait) & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  t.teardown(() => process.kill(-sleepers.pid!, 'SIGKILL'));
  let said = '';
  for await (const text of sleepers.stdout.setEncoding('utf8')) {
    said += text;
    if (said.trim().split('\n').length === 2) break;
  }
  const [child, grandchild] = said.trim().split('\n').map(Number);
  t.same(
    withDescendants(sleepers.pid!).sort((a, b) => a - b),
    [sleepers.pid!, child!, grandchild!].sort((a, b) => a - b),
  );
  t.ok([child, grandchild].every((pid) => withDescendants(process.pid).includes(pid!)));
});
