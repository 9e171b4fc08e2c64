import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { frame } from '../../src/rtc/net/stream-framing.ts';
import { Conversation } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { type Negotiated, negotiate } from '../helpers/raw-participant.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const REQUEST_TIMEOUT_MS = 500;
const MAX_UNSENT_BYTES = 262_144;
/** Sent to each client that joins, so that small requests cause large answers. */
const TURN_URLS = Array.from({ length: 20 }, (_, index) => `turn:${'x'.repeat(60)}${index}.${'y'.repeat(60)}.example`);
const WEB_SOCKETS = 3;
const HTTP_CONNECTIONS = 3;
const MEDIA_CONNECTIONS = 3;
const MANY = 500;
const REQUEST = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
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

  /** Ask for much over a WebSocket. */
  const overWebSockets = async (t: Test) => {
    const open = async () => (await server.metrics()).sum('partyline_websocket_connections');
    const before = await open();
    for (let index = 0; index < WEB_SOCKETS; index++) {
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
    }
    await t.resolves(
      eventually(async () => (await open()) === before),
      'the server ended each WebSocket',
    );
  };

  /** Ask for this many HTTP answers at once. Until the buffers of the system itself, some megabytes, are full, nothing happens. */
  const overHttp = async (t: Test, atOnce: number) => {
    const sockets = Array.from({ length: HTTP_CONNECTIONS }, () => open(t, Number(port)).pause());
    const timer = setInterval(() => {
      for (const socket of sockets)
        if (socket.writable && socket.writableLength < 10_000) socket.write(REQUEST.repeat(atOnce));
    }, 15);
    t.teardown(() => clearInterval(timer));
    await t.resolves(
      eventually(() => sockets.every(({ destroyed }) => destroyed)),
      `the server ended each connection with ${atOnce} requests at once`,
    );
    clearInterval(timer);
  };

  /** Send authentic checks over media TCP, whose answers wait. Strangers send nothing. */
  const overMediaTcp = async (t: Test, { answer, iceUfrag }: Negotiated) => {
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
    for (let count = 0; count < MEDIA_CONNECTIONS; count++) open(t, onPath.port).pause();
    const known = Array.from({ length: MEDIA_CONNECTIONS }, () => open(t, onPath.port).pause());
    const timer = setInterval(() => {
      for (const socket of known)
        for (let count = 0; count < 60 && socket.writableLength < 10_000; count++) socket.write(check());
    }, 20);
    t.teardown(() => clearInterval(timer));
    await eventually(() => known.every(({ bytesWritten }) => bytesWritten > 200_000));
    const sockets = async () => (await server.metrics()).sum('partyline_media_tcp_sockets');
    await t.resolves(
      eventually(async () => (await sockets()) === MEDIA_CONNECTIONS),
      'only the known participants are left',
    );
    clearInterval(timer);
  };

  await t.test('are ended, and no more data waits for them than allowed', async (t) => {
    const eve = await negotiate({ url: server.webSocketUrl, room: 'attacker', name: 'Eve', certificate });
    t.teardown(() => eve.signaling.close());
    const grown = await growth(() =>
      conversation.unharmed(t, () =>
        Promise.all([overWebSockets(t), overHttp(t, MANY), overHttp(t, 1), overMediaTcp(t, eve)]),
      ),
    );
    t.ok(grown < WEB_SOCKETS * 2 * MAX_UNSENT_BYTES + OTHER_BYTES, `${Math.round(grown / 1000)} kB more in buffers`);
  });
});
