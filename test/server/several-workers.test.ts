import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { startServer } from '../helpers/running-server.ts';
import { toneLevelDbfs } from '../helpers/signal.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const FREQUENCIES = [500, 820, 1240, 1730] as const;
const AMPLITUDE = 0.15;
/** Sent at -16.5; a frame that a jitter buffer moved takes something from the measure. */
const HEARD_DBFS = -26;
const SETTLE_MS = 1000;
const LISTEN_MS = 1000;

const threads: Worker[] = [];
process.on('worker', (worker) => threads.push(worker));

async function levels(participant: WeriftParticipant): Promise<number[]> {
  const mark = participant.hearing.mark();
  await sleep(LISTEN_MS);
  const sound = participant.hearing.sound(mark);
  return FREQUENCIES.map((frequency) => toneLevelDbfs(sound, frequency));
}

test('a room over two workers', async (t) => {
  // With this limit every worker has too much to do already, so each newcomer goes to the one with less.
  const server = await startServer(['--workers', '2', '--span-load-percent', '0']);
  t.teardown(() => server.close());
  const url = server.webSocketUrl;
  const people: WeriftParticipant[] = [];
  t.teardown(() => Promise.all(people.map((person) => person.close())));
  for (const [index, frequency] of FREQUENCIES.entries()) {
    const person = await WeriftParticipant.join({ url, room: 'large', name: `P${index}` });
    person.say(toneSound(frequency, AMPLITUDE));
    people.push(person);
  }
  await sleep(SETTLE_MS);

  await t.test('has participants in both', async (t) => {
    await sleep(600);
    const metrics = await server.metrics();
    for (const worker of ['0', '1']) {
      t.equal(metrics.sum('partyline_media_connections', { worker }), 2, `worker ${worker}`);
    }
  });

  await t.test('everybody hears all others and not themselves', async (t) => {
    const heard = await Promise.all(people.map(levels));
    heard.forEach((tones, listener) => {
      tones.forEach((level, speaker) => {
        const title = `${listener} and the voice of ${speaker}: ${level.toFixed(1)} dBFS`;
        if (listener === speaker) t.ok(level < -50, title);
        else t.ok(level > HEARD_DBFS, title);
      });
    });
  });

  await t.test('goes on in one of them when the other dies', async (t) => {
    await threads[0]!.terminate();
    await sleep(SETTLE_MS);
    const heard = await Promise.all(people.map(levels));
    const alive = [0, 1, 2, 3].filter((listener) => heard[listener]!.some((level) => level > HEARD_DBFS));
    t.equal(alive.length, 2, 'two still hear something');
    const [one, other] = alive as [number, number];
    t.ok(heard[one]![other]! > HEARD_DBFS && heard[other]![one]! > HEARD_DBFS, 'namely each other');
  });
});
