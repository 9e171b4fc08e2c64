import { test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import { distance32 } from '../../src/lib/serial.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { Hearing } from '../helpers/hearing.ts';
import { FRAME_SAMPLES } from '../helpers/opus.ts';
import { startServer } from '../helpers/running-server.ts';
import { tone } from '../helpers/signal.ts';

const TONE_HZ = 500;
const FRAMES = 100;

test('the participants of the benchmarks are heard, and receive a packet for every frame while one speaks', async (t) => {
  const server = await startServer(['--levelling', 'off']);
  t.teardown(() => server.close());
  const certificate = await createCertificate();
  const join = { url: server.webSocketUrl, room: 'lobby', certificate };
  const hearing = new Hearing();
  const listener = await LightParticipant.join({
    ...join,
    name: 'listener',
    onPayload: ({ payload, header, atMs }) => hearing.add({ ...header, payload: payload.slice(), atMs }),
  });
  t.teardown(() => listener.close());
  const speaker = await LightParticipant.join({ ...join, name: 'speaker' });
  t.teardown(() => speaker.close());
  speaker.say(encodeProgramme(tone({ frequencyHz: TONE_HZ, samples: 96_000 })));
  t.teardown(everyFrame(() => speaker.sendNext()));

  await eventually(() => heardTone(hearing.sound(Math.max(0, hearing.mark() - 20)), TONE_HZ).usuallyDbfs > -22);
  listener.received.reset(performance.now());
  const mark = hearing.mark();
  await eventually(() => hearing.mark() >= mark + FRAMES);
  const { packets, lost, outOfOrder } = listener.received.report(performance.now());
  t.equal(packets, hearing.mark() - mark, 'each counted packet could be decrypted');
  t.same({ lost, outOfOrder }, { lost: 0, outOfOrder: 0 });
  t.ok(heardTone(hearing.sound(mark), TONE_HZ).usuallyDbfs > -22, 'the tone is heard');
  t.equal(speaker.received.report(performance.now()).lost, 0);
  const heard = hearing.packets.slice(mark);
  const frames = distance32(heard.at(-1)!.timestamp, heard[0]!.timestamp) / FRAME_SAMPLES + 1;
  // Where other programs have the processor, the server leaves out whole ticks.
  const skipped = async () => (await server.metrics()).sum('partyline_ticks_skipped_total');
  await eventually(async () => frames - packets <= (await skipped()) || `${packets} packets in ${frames} frames`);
});
