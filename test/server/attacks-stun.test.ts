import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { parseStun } from '../../src/rtc/ice/stun.ts';
import { Conversation, ROOM } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { clientHello, forgedMedia, junk, nomination, withoutLast } from '../helpers/hostile-datagrams.ts';
import { type PassingDatagram, Stranger } from '../helpers/on-path.ts';
import { createPrng } from '../helpers/prng.ts';
import { negotiate } from '../helpers/raw-participant.ts';

const SEED = 42;
const REPEATS = 50;

test('while two people talk', async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = createPrng(SEED);
  const conversation = await Conversation.start(t);
  const { onPath, ada, ben } = conversation;
  const checks = (address: string) => onPath.sentBy(address, 'stun');
  const usernameOf = (address: string) => parseStun(checks(address)[0]!)!.username!;
  const username = usernameOf(ada.address);

  await t.test('guessing ICE names reveals nothing: a right guess and a wrong one look the same', async (t) => {
    const stranger = await conversation.stranger(t);
    const [serverUfrag, ownUfrag] = username.split(':') as [string, string];
    const genuine = checks(ada.address)[0]!;
    const guesses: Record<string, Buffer> = {
      'right name, wrong password': nomination(prng, { username }),
      'right name of the server only': nomination(prng, { username: `${serverUfrag}:x` }),
      'names the wrong way round': nomination(prng, { username: `${ownUfrag}:${serverUfrag}` }),
      'no such name': nomination(prng, { username: 'nobody:nobody' }),
      'right name, no integrity': withoutLast(nomination(prng, { username }), 32),
      'right name, no fingerprint': withoutLast(genuine, 8),
    };
    await conversation.unharmed(t, async () => {
      for (const [name, guess] of Object.entries(guesses)) {
        for (let i = 0; i < REPEATS; i++) await stranger.send(guess);
        await sleep(30);
        t.equal(stranger.bytesHeard, 0, name);
      }
    });
  });

  await t.test('a check that was read on the path draws nothing to another address', async (t) => {
    const stranger = await conversation.stranger(t);
    await conversation.unharmed(t, async () => {
      for (const request of [...checks(ada.address), ...checks(ben.address)]) await stranger.send(request);
      await sleep(300);
    });
    t.same(stranger.heard, []);
  });

  await t.test(
    'an attacker whose copy of a check overtakes the original gets the media for less than a second',
    async (t) => {
      const stranger = await conversation.stranger(t);
      const delayed: PassingDatagram[] = [];
      onPath.alter = (passing) => {
        const { participant, direction, datagram } = passing;
        if (participant !== ada.address || direction !== 'to-server' || datagram[0]! >= 4) return datagram;
        delayed.push({ ...passing, datagram: Buffer.from(datagram) });
        return null;
      };
      // Checks are sent every 2.5 s.
      await eventually(() => delayed.length > 0);
      onPath.alter = ({ datagram }) => datagram;
      await stranger.send(delayed[0]!.datagram);
      await sleep(100);
      onPath.sendAs(ada.address, delayed[0]!.datagram);
      await sleep(900);
      const stolen = stranger.heard.length;
      t.ok(stolen > 1 && stolen < 60, `${stolen} datagrams, which nobody else can decrypt`);
      await conversation.unharmed(t, () => sleep(300));
      t.equal(stranger.heard.length, stolen, 'and then no more');
    },
  );

  await t.test("a participant who forges another one's address takes nothing from them", async (t) => {
    const certificate = conversation.certificate;
    const { answer, iceUfrag, signaling } = await negotiate({
      url: conversation.server.webSocketUrl,
      room: ROOM,
      name: 'Eve',
      certificate,
    });
    t.teardown(() => signaling.close());
    const own = { username: `${answer.iceUfrag}:${iceUfrag}`, key: answer.icePwd };
    await conversation.unharmed(t, () => {
      for (let i = 0; i < REPEATS; i++) onPath.sendAs(ada.address, nomination(prng, own));
    });
  });

  await t.test('nobody gets any bytes back for datagrams that are not authentic', async (t) => {
    const kinds: Record<string, () => Buffer> = {
      'STUN for nobody': () => nomination(prng, { username: 'nobody:nobody' }),
      'STUN with a wrong key': () => nomination(prng, { username }),
      'STUN without integrity': () => withoutLast(nomination(prng, { username }), 32),
      'a check of somebody else': () => checks(ada.address)[0]!,
      ClientHello: () => clientHello(prng),
      SRTP: () => onPath.sentBy(ada.address, 'media')[0]!,
      'forged SRTP': () => forgedMedia(prng),
      'forged SRTCP': () => forgedMedia(prng, { rtcp: true }),
      noise: () => junk(prng, username),
    };
    for (const [kind, make] of Object.entries(kinds)) {
      const stranger = await Stranger.open(onPath.port, '127.0.0.67');
      for (let i = 0; i < REPEATS; i++) await stranger.send(make());
      await sleep(60);
      t.equal(stranger.bytesHeard, 0, kind);
      stranger.close();
    }
  });
});
