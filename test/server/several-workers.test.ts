import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { crashWorker } from '../helpers/crash-worker.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const TONES_HZ = { ada: 500, ben: 820, cleo: 1240, dan: 1730 } as const;
const AMPLITUDE = 0.15;
const SETTLE_MS = 1000;

type Who = keyof typeof TONES_HZ;

const threads: Worker[] = [];
process.on('worker', (worker) => threads.push(worker));

test('a room on two workers', async (t) => {
  // With this limit every worker counts as overloaded already, so each newcomer goes to the one with less load.
  const server = await startServer(['--workers', '2', '--span-load-percent', '0', '--levelling', 'off']);
  t.teardown(() => server.close());
  const url = server.webSocketUrl;
  const people = new Map<Who, WeriftParticipant>();
  // The load that the workers first report includes their own start.
  await sleep(SETTLE_MS);
  t.teardown(() => Promise.all([...people.values()].map((person) => person.close())));
  for (const who of Object.keys(TONES_HZ) as Who[]) {
    const person = await WeriftParticipant.join({ url, room: 'large', name: who });
    person.say(toneSound(TONES_HZ[who], AMPLITUDE));
    people.set(who, person);
  }
  /** Each of these people hears all others of them, and nobody else. */
  const hearEachOther = (among: readonly Who[]) =>
    Promise.all(
      among.map((who) =>
        hearsOnly(
          people.get(who)!,
          TONES_HZ,
          among.filter((other) => other !== who),
        ),
      ),
    );
  const connections = async () => {
    const metrics = await server.metrics();
    return ['0', '1'].map((worker) => metrics.sum('partyline_media_connections', { worker }));
  };

  await t.test('has participants in both', async (t) => {
    let counts: number[] = [];
    await eventually(async () => {
      counts = await connections();
      return counts.reduce((sum, count) => sum + count, 0) === people.size || `${counts}`;
    });
    t.ok(
      counts.every((count) => count > 0),
      `${counts}`,
    );
  });

  await t.test('everybody hears all others and not themselves', (t) => t.resolves(hearEachOther([...people.keys()])));

  await t.test('continues in one of them when the other dies', async (t) => {
    const [first = 0, second = 0] = await connections();
    await crashWorker(threads[first <= second ? 0 : 1]!);
    const isTold = ({ messages }: WeriftParticipant) => messages.some(({ type }) => type === 'media_closed');
    await eventually(() => [...people.values()].filter(isTold).length === Math.min(first, second));
    const survivors = [...people].filter(([, person]) => !isTold(person)).map(([who]) => who);
    t.equal(survivors.length, Math.max(first, second));
    await t.resolves(hearEachOther(survivors));
  });
});
