import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { toneLevelDbfs } from '../helpers/signal.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const FREQUENCIES = [500, 820, 1240, 1730] as const;
const AMPLITUDE = 0.15;
/** Tones are sent at -16.5. A frame that a jitter buffer moved lowers the measured level. */
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

test('a room on two workers', async (t) => {
  // With this limit every worker counts as overloaded already, so each newcomer goes to the one with less load.
  const server = await startServer(['--workers', '2', '--span-load-percent', '0', '--levelling', 'off']);
  t.teardown(() => server.close());
  const url = server.webSocketUrl;
  const people: WeriftParticipant[] = [];
  // The load that the workers first report includes their own start.
  await sleep(SETTLE_MS);
  t.teardown(() => Promise.all(people.map((person) => person.close())));
  for (const [index, frequency] of FREQUENCIES.entries()) {
    const person = await WeriftParticipant.join({ url, room: 'large', name: `P${index}` });
    person.say(toneSound(frequency, AMPLITUDE));
    people.push(person);
  }
  await sleep(SETTLE_MS);

  const connections = async () => {
    const metrics = await server.metrics();
    return ['0', '1'].map((worker) => metrics.sum('partyline_media_connections', { worker }));
  };

  await t.test('has participants in both', async (t) => {
    await sleep(600);
    const [first = 0, second = 0] = await connections();
    t.ok(first > 0 && second > 0, `${first} and ${second}`);
    t.equal(first + second, people.length);
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

  await t.test('continues in one of them when the other dies', async (t) => {
    const [first = 0, second = 0] = await connections();
    await threads[first <= second ? 0 : 1]!.terminate();
    const told = () => people.filter(({ messages }) => messages.some(({ type }) => type === 'media_closed')).length;
    await eventually(() => told() === Math.min(first, second));
    await sleep(SETTLE_MS);
    const survivors = people.filter(({ messages }) => !messages.some(({ type }) => type === 'media_closed'));
    t.equal(survivors.length, Math.max(first, second));
    for (const listener of survivors) {
      const heard = await levels(listener);
      people.forEach((talker, index) => {
        const isHeard = talker !== listener && survivors.includes(talker);
        const title = `${people.indexOf(listener)} and the voice of ${index}: ${heard[index]?.toFixed(1)} dBFS`;
        t.ok(isHeard ? heard[index]! > HEARD_DBFS : heard[index]! < -50, title);
      });
    }
  });
});
