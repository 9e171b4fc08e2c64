import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { WebSocket } from 'ws';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { writeOffer } from '../../bench/client/session-description.ts';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { Conversation, ROOM } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { nomination } from '../helpers/hostile-datagrams.ts';
import { createPrng } from '../helpers/prng.ts';
import { negotiate, RawParticipant } from '../helpers/raw-participant.ts';
import { clientHelloRecord } from '../rtc/dtls/hellos.ts';

const SEED = 47;
const SOCKETS = 10;
const ROUNDS = 3;
const OFFERS_AT_ONCE = 15;

test('while two people talk', async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = createPrng(SEED);
  const conversation = await Conversation.start(t);
  const url = conversation.server.webSocketUrl;
  const { certificate } = conversation;

  await t.test(
    'sockets that send offers without end sometimes get an answer, otherwise a reason, and stay open',
    async (t) => {
      const eves = await Promise.all(
        Array.from({ length: SOCKETS }, async (_, i) => {
          const socket = new WebSocket(url);
          t.teardown(() => socket.close());
          const heard: ServerMessage[] = [];
          let joined: () => void = () => {};
          const hasJoined = new Promise<void>((resolve) => {
            joined = resolve;
          });
          socket.on('message', (data) => {
            const message = JSON.parse(String(data)) as ServerMessage;
            if (message.type === 'joined') joined();
            heard.push(message);
          });
          socket.on('open', () => socket.send(JSON.stringify({ type: 'join', room: ROOM, name: `Eve ${i}` })));
          await hasJoined;
          return { socket, heard };
        }),
      );
      const startMs = performance.now();
      await conversation.unharmed(t, async () => {
        for (let round = 0; round < ROUNDS; round++) {
          for (const { socket } of eves) {
            for (let i = 0; i < OFFERS_AT_ONCE; i++) {
              const ice = { iceUfrag: randomBytes(4).toString('hex'), icePwd: randomBytes(18).toString('base64') };
              const sdp = writeOffer({ ...ice, ssrc: 1, fingerprint: certificate.fingerprint });
              socket.send(JSON.stringify({ type: 'offer', sdp, restart: prng() < 0.5 }));
            }
          }
          await sleep(700);
        }
      });
      const elapsedS = (performance.now() - startMs) / 1000;
      const all = eves.flatMap(({ heard }) => heard);
      const answers = all.filter(({ type }) => type === 'answer').length;
      const refusals = all.filter((message) => message.type === 'error' && message.code === 'too_many_offers');
      t.ok(answers > 0 && answers <= SOCKETS * (8 + 2 * elapsedS), `${answers} answers in ${elapsedS.toFixed(1)} s`);
      t.ok(refusals.length > 0, `${refusals.length} offers were refused`);
      t.ok(refusals.every((message) => message.type === 'error' && (message.retryAfterMs ?? 0) > 0));
      t.ok(eves.every(({ socket }) => socket.readyState === WebSocket.OPEN));
    },
  );

  await t.test('half-finished handshakes keep nobody else from finishing theirs', async (t) => {
    const people = await Promise.all(
      Array.from({ length: 20 }, (_, i) => negotiate({ url, room: ROOM, name: `Zoe ${i}`, certificate })),
    );
    t.teardown(() => {
      for (const { signaling } of people) signaling.close();
    });
    const honest = await createCertificate();
    await conversation.unharmed(t, async () => {
      for (const { answer, iceUfrag } of people) {
        const stranger = await conversation.stranger(t);
        await stranger.send(nomination(prng, { username: `${answer.iceUfrag}:${iceUfrag}`, key: answer.icePwd }));
        await stranger.send(clientHelloRecord());
      }
      const cleo = await RawParticipant.join({ url, room: ROOM, name: 'Cleo', certificate: honest });
      t.teardown(() => cleo.close());
      await t.resolves(
        eventually(() => cleo.received > 0),
        'Cleo gets a connection and hears the others',
      );
    });
  });
});
