import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import { Hearing } from '../helpers/hearing.ts';
import { startServer } from '../helpers/running-server.ts';
import { tone, toneLevelDbfs } from '../helpers/signal.ts';

test('the participants of the benchmarks are heard, and receive 50 packets a second while one speaks', async (t) => {
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
  speaker.say(encodeProgramme(tone({ frequencyHz: 500, samples: 96_000 })));
  const timer = setInterval(() => speaker.sendNext(), 20);
  t.teardown(() => clearInterval(timer));

  await sleep(1000);
  const mark = hearing.mark();
  listener.received.reset(performance.now());
  await sleep(2000);
  const { packets, lost, outOfOrder } = listener.received.report(performance.now());
  t.ok(packets >= 95 && packets <= 105, `${packets} packets in 2 s`);
  t.same({ lost, outOfOrder }, { lost: 0, outOfOrder: 0 });
  t.ok(toneLevelDbfs(hearing.sound(mark), 500) > -15, 'the tone is heard');
  t.equal(speaker.received.report(performance.now()).lost, 0);
});
