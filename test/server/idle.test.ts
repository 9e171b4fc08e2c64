import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { silence, toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
/** Measured: 2.7. A machine that is busy does not cause wake-ups, but what the engine tidies up after the start does. */
const MAX_WAKE_UPS_PER_SECOND = 5;
const MEASURED_MS = 4000;
const TICKS_PER_SECOND = 50;

/** How often its threads have waited and been woken. */
function wakeUpsOf(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  }
  return sum;
}

async function wakeUpsPerSecond(pid: number, measuredMs = MEASURED_MS): Promise<number> {
  const before = wakeUpsOf(pid);
  const beganMs = performance.now();
  await sleep(measuredMs);
  return ((wakeUpsOf(pid) - before) * 1000) / (performance.now() - beganMs);
}

async function becomesQuiet(pid: number): Promise<number> {
  let rate = Number.POSITIVE_INFINITY;
  await eventually(async () => {
    rate = await wakeUpsPerSecond(pid);
    return rate < MAX_WAKE_UPS_PER_SECOND || `${rate} wake-ups a second`;
  }, 120_000);
  return rate;
}

test('with nobody there, and with a thousand open rooms, the server hardly wakes up; it works while somebody talks, and rests while they are silent', async (t) => {
  const flags = ['--workers', '1', '--admin-token', TOKEN, '--max-rooms', '2000', '--media-host', '127.0.0.1'];
  const server = await startServerProcess(BUILT_SERVER, [...flags]);
  t.teardown(() => server.stop());
  const url = server.url.replace(/\/$/, '');
  await becomesQuiet(server.pid);

  const join = (name: string) =>
    WeriftParticipant.join({ url: `${url.replace('http', 'ws')}/ws`, room: 'lobby', name });
  const ada = await join('Ada');
  ada.say(toneSound(400));
  await eventually(async () => (await wakeUpsPerSecond(server.pid, 1000)) > TICKS_PER_SECOND || 'it does not tick');
  ada.say(silence);
  await eventually(async () => {
    const rate = await wakeUpsPerSecond(server.pid, 2000);
    return rate < TICKS_PER_SECOND / 2 || `${rate} wake-ups a second while she is silent`;
  }, 60_000);
  ada.close();

  const api = new ApiClient(url, TOKEN);
  for (let i = 0; i < 1000; i++) await api.post('/rooms', { name: `room-${i}` });
  const rate = await becomesQuiet(server.pid);
  t.comment(`${rate.toFixed(1)} wake-ups a second with a thousand rooms`);
  const { workers, problems } = (await api.get('/server')).body;
  t.match(workers, [{ restarts: 0, running: true }], JSON.stringify(problems));
});
