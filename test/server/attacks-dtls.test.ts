import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { type Certificate, createCertificate } from '../../bench/client/media-transport.ts';
import { Conversation, ROOM } from '../helpers/conversation.ts';
import { clientHello, dtlsAttacks, handshakeRecord, nomination } from '../helpers/hostile-datagrams.ts';
import { createPrng } from '../helpers/prng.ts';
import { type Negotiated, negotiate, RawParticipant } from '../helpers/raw-participant.ts';
import { createIdentity } from '../rtc/dtls-client.ts';

const SEED = 41;
const REPEATS = 20;

test('while two people talk', async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = createPrng(SEED);
  const conversation = await Conversation.start(t);
  const { onPath, server, ada } = conversation;
  const url = server.webSocketUrl;

  for (const [name, datagrams] of Object.entries(dtlsAttacks(prng))) {
    await t.test(`${name} from a participant's own address and from elsewhere changes nothing`, async (t) => {
      const stranger = await conversation.stranger(t);
      const from = onPath.seen.length;
      await conversation.unharmed(t, async () => {
        for (let i = 0; i < REPEATS; i++) {
          for (const datagram of datagrams) {
            onPath.sendAs(ada.address, datagram);
            await stranger.send(datagram);
          }
        }
      });
      t.same(stranger.heard, [], 'strangers get no answer');
      const answers = onPath.seen
        .slice(from)
        .filter(({ direction, datagram }) => direction === 'to-participant' && datagram[0]! >= 20 && datagram[0]! < 64);
      t.same(answers, [], 'and the participant gets no new handshake');
    });
  }

  /** Number of RTP packets that somebody with this certificate receives while the others talk. */
  const heardBy = async (name: string, certificate: Certificate): Promise<number> => {
    const participant = await RawParticipant.join({ url, room: ROOM, name, certificate }).catch(() => null);
    await sleep(600);
    participant?.close();
    return participant?.received ?? 0;
  };

  await t.test('only somebody who holds the key of the announced certificate gets a connection', async (t) => {
    const [victim, own] = [await createCertificate(), await createIdentity()];
    await conversation.unharmed(t, async () => {
      t.ok((await heardBy('Cleo', victim)) > 10, 'Cleo does');
      const announced = { ...victim, fingerprint: own.fingerprint.value };
      t.equal(await heardBy('Eve', announced), 0, 'not with another certificate');
      const replayed = { ...victim, privateKey: own.keyPem };
      t.equal(await heardBy('Mallory', replayed), 0, "not with somebody else's, read on the path");
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
    await sleep(200);
    t.equal(stranger.bytesHeard, 0);
  });
});
