import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { type Certificate, createCertificate } from '../../bench/client/media-transport.ts';
import { Conversation, ROOM } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { clientHello, dtlsAttacks, handshakeRecord, nomination } from '../helpers/hostile-datagrams.ts';
import { kindOf } from '../helpers/on-path.ts';
import { createPrng } from '../helpers/prng.ts';
import { type Negotiated, negotiate, RawParticipant } from '../helpers/raw-participant.ts';
import { createIdentity } from '../rtc/dtls-client.ts';

const SEED = 41;
const REPEATS = 20;
/** An answer would come within a few. */
const ANSWERS_MS = 60;

test('while two people talk', async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = createPrng(SEED);
  const conversation = await Conversation.start(t);
  const { onPath, server, ada } = conversation;
  const url = server.webSocketUrl;

  await t.test("no DTLS from a participant's own address or from elsewhere changes anything", async (t) => {
    await conversation.unharmed(t, async () => {
      for (const [name, datagrams] of Object.entries(dtlsAttacks(prng))) {
        const stranger = await conversation.stranger(t);
        const from = onPath.seen.length;
        for (let i = 0; i < REPEATS; i++) {
          for (const datagram of datagrams) {
            onPath.sendAs(ada.address, datagram);
            await stranger.send(datagram);
          }
        }
        await sleep(ANSWERS_MS);
        t.same(stranger.heard, [], `${name}: strangers get no answer`);
        const answers = onPath.seen
          .slice(from)
          .filter(({ direction, datagram }) => direction === 'to-participant' && kindOf(datagram) === 'dtls');
        t.same(answers, [], 'and the participant gets no new handshake');
      }
    });
  });

  await t.test('only somebody who holds the key of the announced certificate gets a connection', async (t) => {
    const [victim, own] = [await createCertificate(), await createIdentity()];
    const join = async (name: string, certificate: Certificate): Promise<RawParticipant | undefined> => {
      const participant = await RawParticipant.join({ url, room: ROOM, name, certificate }).catch(() => undefined);
      t.teardown(() => participant?.close());
      return participant;
    };
    await conversation.unharmed(t, async () => {
      const [cleo, eve, mallory] = await Promise.all([
        join('Cleo', victim),
        join('Eve', { ...victim, fingerprint: own.fingerprint.value }),
        join('Mallory', { ...victim, privateKey: own.keyPem }),
      ]);
      const before = cleo!.received;
      await eventually(() => cleo!.received > before + 25);
      t.pass('Cleo hears the others');
      t.equal(eve?.received ?? 0, 0, 'nobody does with another certificate');
      t.equal(mallory?.received ?? 0, 0, "nor with somebody else's, read on the path");
    });
  });

  const iceCheck = ({ answer, iceUfrag }: Negotiated) =>
    nomination(prng, { username: `${answer.iceUfrag}:${iceUfrag}`, key: answer.icePwd });

  await t.test('handshakes that are started and never finished harm nobody', async (t) => {
    const options = { url, room: ROOM, certificate: conversation.certificate };
    const people = await Promise.all(Array.from({ length: 10 }, (_, i) => negotiate({ ...options, name: `Zoe ${i}` })));
    t.teardown(() => {
      for (const { signaling } of people) signaling.close();
    });
    await conversation.unharmed(t, async () => {
      for (const person of people) {
        const stranger = await conversation.stranger(t);
        await stranger.send(iceCheck(person));
        for (let i = 0; i < 100; i++) {
          await stranger.send(handshakeRecord(1, i % 6, i % 3 === 0 ? 0xffffff : 16_384, i * 10, Buffer.alloc(40)));
        }
        await stranger.send(clientHello(prng));
      }
    });
  });

  await t.test('before ICE, nobody gets an answer to a ClientHello', async (t) => {
    const stranger = await conversation.stranger(t);
    const { signaling } = await negotiate({ url, room: ROOM, name: 'Yan', certificate: conversation.certificate });
    t.teardown(() => signaling.close());
    for (let i = 0; i < REPEATS; i++) await stranger.send(clientHello(prng));
    await sleep(ANSWERS_MS);
    t.equal(stranger.bytesHeard, 0);
  });
});
