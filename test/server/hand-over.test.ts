import { test } from 'tap';
import { distance16 } from '../../src/lib/serial.ts';
import { startServer } from '../helpers/running-server.ts';
import { silence, toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const TURNS = 2;
const TONES_HZ = { ada: 440, ben: 630, cleo: 1200 } as const;

// That there is no click is tested in simulated time: test/media/worker/hand-over.test.ts.
test('a participant who starts and stops talking hears the others all the time, in one stream, and never themselves', async (t) => {
  const server = await startServer(['--levelling', 'off']);
  t.teardown(() => server.close());
  const join = (name: string) => WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name });
  const [ada, ben, cleo] = await Promise.all([join('Ada'), join('Ben'), join('Cleo')]);
  t.teardown(() => Promise.all([ada.close(), ben.close(), cleo.close()]));
  ada.say(toneSound(TONES_HZ.ada, 0.2));
  ben.say(toneSound(TONES_HZ.ben, 0.2));
  const hears = (listener: WeriftParticipant, ...who: (keyof typeof TONES_HZ)[]) => hearsOnly(listener, TONES_HZ, who);
  await t.resolves(hears(cleo, 'ada', 'ben'));
  const mark = cleo.hearing.mark();
  for (let turn = 0; turn < TURNS; turn++) {
    cleo.say(toneSound(TONES_HZ.cleo, 0.2));
    await t.resolves(Promise.all([hears(ada, 'ben', 'cleo'), hears(cleo, 'ada', 'ben')]), 'while she talks');
    cleo.say(silence);
    // Her own encoder is taken away after half a second.
    await t.resolves(Promise.all([hears(ada, 'ben'), hears(cleo, 'ada', 'ben')]), 'and afterwards');
  }
  const packets = cleo.hearing.packets.slice(mark);
  const steps = packets
    .slice(1)
    .map((packet, index) => distance16(packet.sequenceNumber, packets[index]!.sequenceNumber));
  t.ok(
    packets.length > 50 && steps.every((step) => step === 1),
    `${packets.length} packets, each after the one before`,
  );
});
