import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { Barrage, loopbackAddresses } from '../../bench/client/barrage.ts';
import { frame } from '../../src/rtc/net/stream-framing.ts';
import { startBuiltServer } from '../fuzz/built-server.ts';
import { attackPort } from '../fuzz/port-attack.ts';
import { Conversation } from '../helpers/conversation.ts';
import { junk } from '../helpers/hostile-datagrams.ts';
import { createPrng } from '../helpers/prng.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';

const SEED = 44;
const PER_SECOND = 4000;
const SECONDS = 6;
const JUNK = 20_000;
const CONNECTIONS = 60;

test('a server in its own process, while two people talk', async (t) => {
  t.comment(`seed ${SEED}`);
  const conversation = await Conversation.start(t, startBuiltServer(BUILT_SERVER));

  await t.test('datagrams of all kinds, interleaved from participants and strangers, harm nobody', async (t) => {
    let sent = 0;
    const report = await conversation.unharmed(t, async () => {
      const attack = await attackPort(conversation, { seed: SEED, perSecond: PER_SECOND, seconds: SECONDS });
      sent = attack.sent;
      t.equal(attack.bytesHeard, 0, 'strangers get nothing');
    });
    t.equal(sent, PER_SECOND * SECONDS);
    t.ok(report.datagramsIn > sent / 2, `${report.datagramsIn} datagrams came in`);
  });

  await t.test(`${JUNK} datagrams of junk leave nothing behind`, async (t) => {
    const prng = createPrng(SEED);
    const barrage = await Barrage.open({ port: conversation.onPath.port, addresses: loopbackAddresses(50) });
    t.teardown(() => barrage.close());
    const next = () => junk(prng, 'nobody:knows');
    const heap = async () => (await conversation.server.recentMetrics()).sum('partyline_media_heap_used_bytes');
    const droppedBefore = (await conversation.server.metrics()).sum('partyline_datagrams_dropped_total');
    const heapBefore = await heap();
    await conversation.unharmed(t, () => barrage.run({ perSecond: JUNK / 2, seconds: 2, next }));
    await t.resolves(
      conversation.reaches('datagrams_dropped', droppedBefore + JUNK / 2),
      'they are counted and dropped',
    );
    const grown = ((await heap()) - heapBefore) / 2 ** 20;
    t.ok(grown < 40, `the heap of the worker grew by ${grown.toFixed(1)} MB, garbage included`);
    t.equal(barrage.bytesHeard, 0, 'nobody got an answer');
  });

  await t.test('TCP connections to the media port that send nonsense, or nothing, harm nobody', async (t) => {
    const prng = createPrng(SEED);
    const sockets: Socket[] = [];
    t.teardown(() => {
      for (const socket of sockets) socket.destroy();
    });
    await conversation.unharmed(t, async () => {
      for (let i = 0; i < CONNECTIONS; i++) {
        const socket = connect({ port: conversation.onPath.port, host: '127.0.0.1', localAddress: `127.0.8.${1 + i}` });
        socket.on('error', () => {});
        sockets.push(socket);
        for (let frames = 0; frames < i; frames++) {
          const datagram = junk(prng, 'nobody:knows');
          socket.write(i % 3 === 0 ? datagram : frame(datagram));
        }
        await sleep(10);
      }
    });
    const answered = sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    t.equal(answered, 0, 'nobody got an answer');
  });
});
