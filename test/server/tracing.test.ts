import { test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { startOtlpReceiver } from '../helpers/otlp-receiver.ts';
import { RawParticipant } from '../helpers/raw-participant.ts';
import { startServer } from '../helpers/running-server.ts';

test('a join is one trace at a receiver of OTLP, and says nothing of who has joined, or where', async (t) => {
  const receiver = await startOtlpReceiver(t);
  const server = await startServer(['--trace-url', receiver.url]);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  t.teardown(close);
  const certificate = await createCertificate();
  const ada = await RawParticipant.join({
    url: server.webSocketUrl,
    room: 'a-secret-room',
    name: 'Ada Lovelace',
    certificate,
  });
  t.teardown(() => ada.close());
  // Sends everything.
  await close();
  t.strictSame(receiver.refused, [], 'all that came is valid');
  const outcome = { key: 'partyline.outcome', value: { stringValue: 'connected' } };
  t.match(
    receiver.spans.map(({ name, kind }) => `${name} ${kind}`).join(),
    'admission 1,offer 1,answer 1,ice 1,dtls 1,join 2',
  );
  const join = receiver.spans.at(-1);
  t.match(join?.attributes[0], outcome);
  for (const span of receiver.spans) t.equal(span.traceId, join?.traceId);
  const said = receiver.bodies.join();
  for (const secret of ['Ada', 'Lovelace', 'secret-room', '127.0.0.1', '::1']) t.notMatch(said, secret, secret);
});
