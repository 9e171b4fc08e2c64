import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { frame } from '../../src/rtc/net/stream-framing.ts';
import { Conversation } from '../helpers/conversation.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { junk } from '../helpers/hostile-datagrams.ts';
import { createPrng } from '../helpers/prng.ts';
import { startServer } from '../helpers/running-server.ts';

const SEED = 46;
const HOST = '127.0.0.1';
const REQUEST_TIMEOUT_MS = 500;
/** A request may take twice its timeout, and timeouts are checked only now and then. */
const MAX_MS = 4000;
/** After an answer, a connection is kept for this long. */
const KEPT_MS = 5000;
/** Only a limit for what does not happen at all. */
const PATIENCE_MS = 60_000;
const COUNT_EACH = 12;
const FLOOD_PER_ROUND = 15;
const ROUNDS = 100;
const GET = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';

test('while two people talk over a port that the page uses too', async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = createPrng(SEED);
  let port = 0;
  const conversation = await Conversation.start(t, (flags) => {
    port = Number(flags[flags.indexOf('--media-port') + 1]);
    return startServer([...flags, '--port', String(port), '--request-timeout-ms', String(REQUEST_TIMEOUT_MS)]);
  });
  const open = (localAddress = HOST): Socket => {
    const socket = connect({ port, host: HOST, localAddress, noDelay: true });
    t.teardown(() => socket.destroy());
    socket.on('error', () => {});
    socket.resume();
    return socket;
  };

  await t.test('connections that are slow in any way are ended', async (t) => {
    const kinds: [title: string, first: Uint8Array | string, more: Uint8Array | string][] = [
      ['that say nothing', '', ''],
      ['that only start a frame', Buffer.from([0]), ''],
      ['whose first frame trickles in', Buffer.from([0, 100, 0, 1, 0, 80, 0x21, 0x12, 0xa4, 0x42]), Buffer.from([0])],
      ['whose first frame is for nobody', frame(junk(prng, 'nobody:knows')), ''],
      ['whose request line trickles in', 'G', 'E'],
      ['whose head trickles in', GET, 'X-A: 1\r\n'],
      ['that are kept alive without need', `${GET}\r\n`, ''],
      ['that speak TLS', Buffer.from([0x16, 3, 1, 0, 200]), Buffer.from([1])],
    ];
    await conversation.unharmed(t, async () => {
      const ended = kinds.flatMap(([title, first, more], kind) =>
        Array.from({ length: COUNT_EACH }, async (_, index) => {
          const socket = open(`127.0.${10 + kind}.${1 + index}`);
          socket.write(first);
          const timer = setInterval(() => socket.writable && socket.write(more), 100);
          const watch = new Stopwatch();
          // With or without a reset.
          const closed = new Promise((resolve) => socket.once('close', resolve));
          await Promise.race([closed, sleep(PATIENCE_MS, undefined, { ref: false })]);
          clearInterval(timer);
          const isInTime = watch.ownMs < (title.includes('alive') ? MAX_MS + KEPT_MS : MAX_MS);
          return { title, closed: socket.destroyed && isInTime };
        }),
      );
      const all = await Promise.all(ended);
      for (const [title] of kinds)
        t.equal(all.filter((one) => one.title === title && one.closed).length, COUNT_EACH, `connections ${title}`);
    });
  });

  await t.test('a flood of connections of all kinds leaves the page usable for others', async (t) => {
    const answers: number[] = [];
    await conversation.unharmed(t, async () => {
      const flood: Socket[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < FLOOD_PER_ROUND; i++) {
          const socket = open(`127.0.${100 + (i % 8)}.${1 + (round % 200)}`);
          const kind = (round + i) % 4;
          if (kind === 1) socket.write(frame(junk(prng, 'nobody:knows')));
          else if (kind === 2) socket.write(junk(prng, 'nobody:knows'));
          else if (kind === 3) socket.write('GET /');
          flood.push(socket);
        }
        if (round % 20 === 10) {
          const watch = new Stopwatch();
          await (await fetch(`${conversation.server.url}/healthz`)).text();
          answers.push(watch.ownMs);
        }
        await sleep(20);
      }
      for (const socket of flood) socket.destroy();
    });
    t.ok(Math.max(...answers) < 1000, `the page answers within ${Math.max(...answers).toFixed(0)} ms`);
  });
});
