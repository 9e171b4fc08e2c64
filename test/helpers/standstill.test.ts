import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { stoodStillMs } from './standstill.ts';

const STOP_MS = 400;

test('a process that is stopped stands still; one that computes does not', async (t) => {
  const beforeMs = stoodStillMs();
  const child = spawn('sh', ['-c', `kill -STOP ${process.pid}; sleep ${STOP_MS / 1000}; kill -CONT ${process.pid}`]);
  await once(child, 'exit');
  await sleep(50);
  const stoodMs = stoodStillMs() - beforeMs;
  t.ok(stoodMs > STOP_MS - 100, `${stoodMs.toFixed(0)} ms`);

  const computing = stoodStillMs();
  const endMs = process.cpuUsage().user + 600_000;
  while (process.cpuUsage().user < endMs);
  await sleep(0);
  t.ok(stoodStillMs() - computing < 300, 'its own work does not count');
});
