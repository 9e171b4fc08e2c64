import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { toneLevelDbfs } from '../helpers/signal.ts';
import { silence, toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan'] as const;
const FREQUENCIES = [500, 820, 1240, 1730] as const;
const AMPLITUDE = 0.15;
const SENT_DBFS = -16.5;
/** The mix of three voices is attenuated by 1.8 dB. */
const TOLERANCE_DB = 3;
const INAUDIBLE_DBFS = -50;
const SETTLE_MS = 800;
const LISTEN_MS = 1000;
const WINDOW = 9600;

/** How loud each tone is in what a participant hears from now on, after `SETTLE_MS`. */
async function levels(participant: WeriftParticipant): Promise<number[]> {
  await sleep(SETTLE_MS);
  const mark = participant.hearing.mark();
  const watch = new Stopwatch();
  await sleep(LISTEN_MS);
  const sound = participant.hearing.sound(mark);
  const share = 0.5 + 0.5 * Math.min(1, watch.waitMs / watch.ms);
  return FREQUENCIES.map((frequency) => usualLevelDbfs(sound, frequency, share));
}

/**
 * The level that this share of the windows of 200 ms does not exceed. When the jitter buffer changes its delay, the
 * tone has a step, which spoils one window. A process that waits for a CPU sends late, which spoils more of them.
 */
function usualLevelDbfs(sound: Int16Array, frequency: number, share: number): number {
  const windows = Math.floor(sound.length / WINDOW);
  const levels = Array.from({ length: windows }, (_, index) =>
    toneLevelDbfs(sound.subarray(index * WINDOW, (index + 1) * WINDOW), frequency),
  );
  return (
    levels.sort((a, b) => a - b)[Math.min(windows - 1, Math.floor(windows * share))] ?? toneLevelDbfs(sound, frequency)
  );
}

function isHeard(level: number | undefined): boolean {
  return Math.abs((level ?? Number.NaN) - SENT_DBFS) < TOLERANCE_DB;
}

function isInaudible(level: number | undefined): boolean {
  return (level ?? Number.NaN) < INAUDIBLE_DBFS;
}

test('in one room', async (t) => {
  const server = await startServer(['--levelling', 'off']);
  const url = server.webSocketUrl;
  t.teardown(() => server.close());
  const people = await Promise.all(NAMES.map((name) => WeriftParticipant.join({ url, room: 'lobby', name })));
  t.teardown(() => Promise.all(people.map((person) => person.close())));
  const [ada, ben, cleo, dan] = people as [WeriftParticipant, WeriftParticipant, WeriftParticipant, WeriftParticipant];
  people.forEach((person, index) => {
    person.say(toneSound(FREQUENCIES[index]!, AMPLITUDE));
  });

  await t.test('everybody hears all others and not themselves', async (t) => {
    let heard: number[][] = [];
    // On a busy machine it takes a while until everybody is there.
    await eventually(async () => {
      heard = await Promise.all(people.map(levels));
      return heard.every((tones) => tones.filter(isHeard).length === NAMES.length - 1) || `${heard}`;
    });
    heard.forEach((tones, listener) => {
      tones.forEach((level, speaker) => {
        const title = `${NAMES[listener]} and the voice of ${NAMES[speaker]}: ${level.toFixed(1)} dBFS`;
        t.ok(listener === speaker ? isInaudible(level) : isHeard(level), title);
      });
    });
  });

  await t.test('a muted participant is not heard, and is heard again when unmuted', async (t) => {
    ben.setMuted(true);
    const muted = await levels(ada);
    t.ok(isInaudible(muted[1]), `muted: ${muted[1]} dBFS`);
    t.ok(isHeard(muted[2]) && isHeard(muted[3]), 'the others are heard');
    ben.setMuted(false);
    const back = await levels(ada);
    t.ok(isHeard(back[1]), `back: ${back[1]} dBFS`);
  });

  await t.test('a participant who leaves is no longer heard, and can join again', async (t) => {
    await dan.leave();
    const gone = await levels(cleo);
    t.ok(isInaudible(gone[3]), `gone: ${gone[3]} dBFS`);
    t.ok(isHeard(gone[0]) && isHeard(gone[1]), 'the others are heard');
    t.match(
      cleo.messages.filter(({ type }) => type === 'participant_left'),
      [{ participantId: dan.id, reason: 'left' }],
    );
    const again = await WeriftParticipant.join({ url, room: 'lobby', name: 'Dan' });
    people[3] = again;
    again.say(toneSound(FREQUENCIES[3], AMPLITUDE));
    const [cleosTones, own] = await Promise.all([levels(cleo), levels(again)]);
    t.ok(isHeard(cleosTones[3]), `back: ${cleosTones[3]} dBFS`);
    t.ok(isHeard(own[0]) && isHeard(own[1]) && isHeard(own[2]), 'hears the others');
    t.ok(isInaudible(own[3]), `own voice: ${own[3]} dBFS`);
  });

  await t.test('another room hears nothing of it', async (t) => {
    const elsewhere = await WeriftParticipant.join({ url, room: 'elsewhere', name: 'Eve' });
    t.teardown(() => elsewhere.close());
    const tones = await levels(elsewhere);
    t.ok(tones.every(isInaudible), `${tones}`);
  });

  await t.test('when nobody speaks, almost nothing is sent', async (t) => {
    for (const person of people) person.say(silence);
    await sleep(1500);
    const mark = ada.hearing.mark();
    await sleep(2000);
    const packets = ada.hearing.packets.slice(mark);
    t.ok(packets.length >= 3 && packets.length <= 7, `${packets.length} packets in 2 s`);
    t.ok(
      packets.every(({ payload }) => payload.length <= 3),
      'packets of silence',
    );
  });
});
