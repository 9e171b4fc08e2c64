import { test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { Hearing } from '../helpers/hearing.ts';
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

  await eventually(() => heardTone(hearing.sound(Math.max(0, hearing.mark() - 20)), TONE_HZ).usuallyDbfs > -15);
  listener.received.reset(performance.now());
  const mark = hearing.mark();
  await eventually(() => hearing.mark() >= mark + FRAMES);
  const { packets, lost, outOfOrder } = listener.received.report(performance.now());
  t.equal(packets, hearing.mark() - mark, 'each counted packet could be decrypted');
  t.same({ lost, outOfOrder }, { lost: 0, outOfOrder: 0 });
  t.ok(heardTone(hearing.sound(mark), TONE_HZ).usuallyDbfs > -15, 'the tone is heard');
  t.equal(speaker.received.report(performance.now()).lost, 0);
  // The server leaves out frames, and their timestamps, only while it waits for the processor.
  const steps = hearing.breaks(mark).filter((text) => !text.startsWith('sequence number'));
  t.ok(steps.length < FRAMES / 4, `${steps}`);
});
