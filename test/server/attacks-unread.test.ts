import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { frame } from '../../src/rtc/net/stream-framing.ts';
import { Conversation } from '../helpers/conversation.ts';
import { negotiate } from '../helpers/raw-participant.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const REQUEST_TIMEOUT_MS = 500;
const MAX_UNSENT_BYTES = 262_144;
/** Sent to each client that joins, so that small requests cause large answers. */
const TURN_URLS = Array.from({ length: 20 }, (_, index) => `turn:${'x'.repeat(60)}${index}.${'y'.repeat(60)}.example`);
const WEB_SOCKETS = 3;
const HTTP_CONNECTIONS = 3;
const MEDIA_CONNECTIONS = 3;
/** The buffers of the system itself, some megabytes, have to fill up first. */
const FILLING_MS = 6000;
const MAX_MS = 30_000;
/**
 * Memory that is not waiting to be sent: this process also plays the attackers, and stores the datagrams between the
 * two who talk.
 */
const OTHER_BYTES = 24_000_000;

/** The most by which buffers grew during `run`. */
async function growth(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 50);
  await run().finally(() => clearInterval(timer));
  return most;
}

function open(t: Test, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  return socket;
}

/** Whether the server has closed it. A client that never reads learns of that only when it writes. */
async function isEnded(socket: Socket): Promise<boolean> {
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  const timer = setInterval(() => socket.writable && socket.write('x'), 50);
  await Promise.race([closed, sleep(1000)]);
  clearInterval(timer);
  return socket.destroyed;
}

test('while two people talk, clients that never read', async (t) => {
  const conversation = await Conversation.start(t, (flags) =>
    startServer([
      ...flags,
      ...['--request-timeout-ms', String(REQUEST_TIMEOUT_MS), '--max-messages-per-second', '1000'],
      ...['--max-unsent-bytes', String(MAX_UNSENT_BYTES)],
      ...['--turn-urls', TURN_URLS.join(','), '--turn-secret', 'a secret that is long enough'],
    ]),
  );
  const { server, onPath, certificate } = conversation;
  const { port } = new URL(server.url);

  await t.test(
    'are ended if they ask for much over a WebSocket, and no more data waits for them than allowed',
    async (t) => {
      const open = async () => (await server.metrics()).sum('partyline_websocket_connections');
      const before = await open();
      let endedAfterMs = Number.POSITIVE_INFINITY;
      const grown = await growth(() =>
        conversation.unharmed(t, async () => {
          const startMs = performance.now();
          const attackers = Array.from({ length: WEB_SOCKETS }, async (_, index) => {
            const client = await SignalingClient.open(server.webSocketUrl);
            t.teardown(() => client.socket.terminate());
            client.socket.pause();
            const timer = setInterval(() => {
              if (client.socket.readyState !== client.socket.OPEN || client.socket.bufferedAmount > 10_000) return;
              for (let count = 0; count < 8; count++) {
                client.send({ type: 'join', room: `attacker-${index}`, name: 'Eve' });
                client.send({ type: 'leave' });
              }
            }, 20);
            t.teardown(() => clearInterval(timer));
          });
          await Promise.all(attackers);
          t.equal(await open(), before + WEB_SOCKETS);
          while ((await open()) > before && performance.now() - startMs < MAX_MS) await sleep(200);
          endedAfterMs = performance.now() - startMs;
        }),
      );
      t.equal(await open(), before, `all are ended after ${Math.round(endedAfterMs)} ms`);
      t.ok(grown < WEB_SOCKETS * 2 * MAX_UNSENT_BYTES + OTHER_BYTES, `${Math.round(grown / 1000)} kB more in buffers`);
    },
  );

  const REQUEST = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const [title, atOnce, durationMs] of [
    ['those that ask for hundreds of HTTP answers at once', 500, 1000],
    ['those that ask for one HTTP answer after the other', 1, FILLING_MS],
  ] as const) {
    await t.test(`${title} are ended`, async (t) => {
      const sockets: Socket[] = [];
      const grown = await growth(() =>
        conversation.unharmed(t, async () => {
          for (let count = 0; count < HTTP_CONNECTIONS; count++) sockets.push(open(t, Number(port)).pause());
          const timer = setInterval(() => {
            for (const socket of sockets)
              if (socket.writable && socket.writableLength < 10_000) socket.write(REQUEST.repeat(atOnce));
          }, 15);
          t.teardown(() => clearInterval(timer));
          await sleep(durationMs);
          clearInterval(timer);
          await sleep(4 * REQUEST_TIMEOUT_MS);
        }),
      );
      const ended = await Promise.all(sockets.map(isEnded));
      t.equal(ended.filter(Boolean).length, HTTP_CONNECTIONS, 'the server ended each of them');
      t.ok(grown < OTHER_BYTES, `${Math.round(grown / 1000)} kB more in buffers`);
    });
  }

  await t.test('cannot fill buffers with answers over media TCP', async (t) => {
    const grown = await growth(() =>
      conversation.unharmed(t, async () => {
        const { signaling, answer, iceUfrag } = await negotiate({
          url: server.webSocketUrl,
          room: 'attacker',
          name: 'Eve',
          certificate,
        });
        t.teardown(() => signaling.close());
        const check = () =>
          frame(
            writeBindingRequest({
              transactionId: randomBytes(12),
              username: `${answer.iceUfrag}:${iceUfrag}`,
              key: answer.icePwd,
              priority: 1,
              tieBreaker: 1n,
              useCandidate: true,
            }),
          );
        const strangers = Array.from({ length: MEDIA_CONNECTIONS }, () => open(t, onPath.port));
        const known = Array.from({ length: MEDIA_CONNECTIONS }, () => open(t, onPath.port));
        for (const socket of [...strangers, ...known]) socket.pause();
        const timer = setInterval(() => {
          for (const socket of known)
            for (let count = 0; count < 60 && socket.writableLength < 10_000; count++) socket.write(check());
        }, 20);
        t.teardown(() => clearInterval(timer));
        await sleep(5500);
        clearInterval(timer);
        const sockets = (await server.metrics()).sum('partyline_media_tcp_sockets');
        t.equal(sockets, MEDIA_CONNECTIONS, 'only the known participants are left');
        t.ok(
          known.every(({ bytesWritten }) => bytesWritten > 200_000),
          'many requests were sent',
        );
      }),
    );
    t.ok(grown < OTHER_BYTES, `${Math.round(grown / 1000)} kB more in buffers`);
  });
});
