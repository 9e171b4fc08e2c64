import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'tap';
import { createLogger } from '../../src/lib/log.ts';
import { AUDIO_OFFER } from '../helpers/offer.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const FORGED = 'forged';
/**
 * A line of its own, a screen wipe (CSI in seven and in eight bits), a title (OSC), a line separator, and text that
 * runs backwards.
 */
const HOSTILE = `x\r\n[12:00:00.000] INFO: ${FORGED}\u001b[2J\u009b2J\u001b]0;title\u0007\u2028\u202e`;
/** The same as bytes of a request head, which may not contain a line break. */
const HOSTILE_BYTES = Buffer.from(`[12:00:00.000] INFO: ${FORGED}\u001b[2J\u009b2J\u0007`, 'latin1');
const STEERS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const OWN_COLOURS = /\p{Cc}\[\d+m/gu;

/** Everything that a client can say before and after a join, with hostile text in each place. */
async function sayHostileThings(
  url: string,
  webSocketUrl: string,
  open: () => Promise<SignalingClient>,
): Promise<void> {
  const client = await open();
  const join = { type: 'join', room: 'lobby', name: 'Eve' };
  const fields = ['type', 'room', 'name', 'token', 'password', 'resumeToken', HOSTILE];
  for (const field of fields)
    client.socket.send(JSON.stringify({ ...join, [field]: HOSTILE, muted: field === HOSTILE }));
  client.socket.send(HOSTILE);
  client.socket.send(JSON.stringify({ type: HOSTILE }));
  await client.settled();
  const eve = await open();
  await eve.join('lobby', `Eve [12:00:00.000] INFO: ${FORGED}`);
  for (const sdp of [HOSTILE, `${AUDIO_OFFER}a=x:${HOSTILE}\r\n`, AUDIO_OFFER.replace('s=-', `s=${HOSTILE}`)])
    for (const restart of [false, true]) eve.send({ type: 'offer', sdp, restart });
  eve.send({ type: 'kick', participantId: HOSTILE.slice(0, 60) });
  await eve.settled();
  eve.socket.close(4000, HOSTILE.slice(0, 60));
  await eve.closed;

  const { port } = new URL(webSocketUrl);
  const { host } = new URL(url);
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
  const heads: [before: string, after: string][] = [
    ['GET /', ' HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['', ' / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ...['User-Agent', 'Host', 'Origin', 'X-Forwarded-For', 'Referer', 'Cookie', 'X'].flatMap(
      (name): [string, string][] =>
        ['/', '/ws'].map((path) => [`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n${name}: `, '\r\n\r\n']),
    ),
  ];
  for (const [before, after] of heads) {
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.resume();
    socket.end(Buffer.concat([Buffer.from(before), HOSTILE_BYTES, Buffer.from(after)]));
    await once(socket, 'close');
  }
}

for (const format of ['json', 'pretty'] as const) {
  test(`nothing that a peer sends can forge a line or control a terminal in the ${format} log`, async (t) => {
    const written: string[] = [];
    const out = { isTTY: true, write: (text: string) => written.push(text) };
    const log = createLogger({ level: 'trace', format, out });
    const flags = ['--trust-proxy', '127.0.0.0/8', '--token-secret', 'a secret that is long enough to sign with'];
    const server = await startServer(flags, { log });
    t.teardown(() => server.close());
    await sayHostileThings(server.url, server.webSocketUrl, async () => {
      const client = await SignalingClient.open(server.webSocketUrl);
      t.teardown(() => client.socket.terminate());
      return client;
    });
    const withForgery = written.filter((text) => text.includes(FORGED));
    t.ok(withForgery.length >= 5, `the hostile text is in ${withForgery.length} of ${written.length} records`);
    for (const text of written) {
      t.equal(text.at(-1), '\n');
      const lines = text.slice(0, -1).replaceAll(OWN_COLOURS, '').split('\n');
      for (const line of lines) t.notMatch(line, STEERS);
      if (format === 'json') t.type(JSON.parse(text), 'object');
      else t.match(lines[0], /^\[\d\d:\d\d:\d\d\.\d{3}\] [A-Z]+/);
      const [, ...more] = lines;
      t.ok(
        more.every((line) => format === 'pretty' && line.startsWith('    ')),
        'only errors have more lines',
      );
    }
  });
}
