import { test } from 'tap';
import { distance32 } from '../../src/lib/serial.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { SAMPLE_RATE } from '../helpers/signal.ts';
import { silence, toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const TONES_HZ = { ada: 500, ben: 820, cleo: 1240, dan: 1730 } as const;
const AMPLITUDE = 0.15;
/** A packet every 400 ms keeps a browser from mistaking silence for loss. */
const REFRESH_SAMPLES = 0.4 * SAMPLE_RATE;

type Who = keyof typeof TONES_HZ;

const hears = (listener: WeriftParticipant, ...who: Who[]) => hearsOnly(listener, TONES_HZ, who);

test('in one room', async (t) => {
  const server = await startServer(['--levelling', 'off']);
  const url = server.webSocketUrl;
  t.teardown(() => server.close());
  const people: WeriftParticipant[] = [];
  t.teardown(() => Promise.all(people.map((person) => person.close())));
  const join = async (who: Who) => {
    const person = await WeriftParticipant.join({ url, room: 'lobby', name: who });
    people.push(person);
    person.say(toneSound(TONES_HZ[who], AMPLITUDE));
    return person;
  };
  const [ada, ben, cleo, dan] = await Promise.all([join('ada'), join('ben'), join('cleo'), join('dan')]);

  await t.test('everybody hears all others and not themselves', async (t) => {
    const everybody = [
      hears(ada, 'ben', 'cleo', 'dan'),
      hears(ben, 'ada', 'cleo', 'dan'),
      hears(cleo, 'ada', 'ben', 'dan'),
      hears(dan, 'ada', 'ben', 'cleo'),
    ];
    await t.resolves(Promise.all(everybody));
  });

  await t.test('a muted participant is not heard, and is heard again when unmuted', async (t) => {
    ben.setMuted(true);
    await t.resolves(hears(ada, 'cleo', 'dan'), 'muted');
    ben.setMuted(false);
    await t.resolves(hears(ada, 'ben', 'cleo', 'dan'), 'back');
  });

  await t.test('a participant who leaves is no longer heard, and can join again', async (t) => {
    await dan.leave();
    await t.resolves(hears(cleo, 'ada', 'ben'), 'gone');
    t.match(
      cleo.messages.filter(({ type }) => type === 'participant_left'),
      [{ participantId: dan.id, reason: 'left' }],
    );
    const again = await join('dan');
    await t.resolves(Promise.all([hears(cleo, 'ada', 'ben', 'dan'), hears(again, 'ada', 'ben', 'cleo')]), 'back');
  });

  await t.test('another room hears nothing of it', async (t) => {
    const elsewhere = await WeriftParticipant.join({ url, room: 'elsewhere', name: 'Eve' });
    t.teardown(() => elsewhere.close());
    await t.resolves(hears(elsewhere));
  });

  await t.test('when nobody speaks, almost nothing is sent', async (t) => {
    for (const person of people) person.say(silence);
    const last = () => ada.hearing.packets.slice(-5);
    const pauses = () =>
      last()
        .slice(1)
        .map(({ timestamp }, index) => distance32(timestamp, last()[index]!.timestamp));
    await eventually(() => pauses().every((samples) => samples === REFRESH_SAMPLES) || `pauses of ${pauses()} samples`);
    t.ok(
      last().every(({ payload }) => payload.length <= 3),
      'packets of silence',
    );
  });
});
