import { request } from 'node:http';
import { type Test, test } from 'tap';
import { Conversation } from '../helpers/conversation.ts';
import { cpuUsedMs } from '../helpers/cpu-time.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

/** A client may send eight messages of the largest size at once. */
const MESSAGES = 7;
const SOCKETS = 3;
const UNITS = 15_000;
/**
 * Canonical combining classes 232, 230, 220 and 202: in descending order, so that each character has to be moved to its
 * place.
 */
const DESCENDING = ['\u0315', '\u0300', '\u0316', '\u0327'];
const MARKS = DESCENDING.map((mark) => mark.repeat(UNITS / DESCENDING.length)).join('');
const MIXED_MARKS = DESCENDING.join('').repeat(UNITS / DESCENDING.length);
/** As many bytes of UTF-8 that cost nothing to process. */
const PLAIN = 'é'.repeat(UNITS);
/**
 * What is refused at once takes about as long as anything else that is refused at once. Before the fix, it took a
 * thousand times as long.
 */
const MAX_RATIO = 6;

const BEHAVED = { type: 'join', room: 'lobby', name: 'Eve' } as const;

test('while two people talk', async (t) => {
  const conversation = await Conversation.start(t, (flags) =>
    startServer([...flags, '--max-messages-per-second', '1000', '--allow-hosts', 'voice.example']),
  );
  const { server } = conversation;

  /** How long server and clients compute for these messages, sent by several connections at the same time. */
  const timeOf = async (t: Test, message: object): Promise<number> => {
    const clients = await Promise.all(Array.from({ length: SOCKETS }, () => SignalingClient.open(server.webSocketUrl)));
    const text = JSON.stringify(message);
    const startMs = cpuUsedMs();
    for (const { socket } of clients) for (let count = 0; count < MESSAGES; count++) socket.send(text);
    const answers = (await Promise.all(clients.map((client) => client.settled()))).flat();
    const tookMs = cpuUsedMs() - startMs;
    t.equal(answers.length, SOCKETS * MESSAGES);
    t.ok(answers.every(({ type }) => type === 'error'));
    for (const { socket } of clients) socket.terminate();
    return tookMs;
  };

  for (const field of ['name', 'room', 'password', 'token', 'resumeToken'] as const) {
    await t.test(`a ${field} that would take long to process is refused beforehand`, (t) =>
      conversation.unharmed(t, async () => {
        const plainMs = await timeOf(t, { ...BEHAVED, [field]: PLAIN });
        for (const marks of [MARKS, MIXED_MARKS]) {
          const tookMs = await timeOf(t, { ...BEHAVED, [field]: marks });
          t.ok(tookMs < MAX_RATIO * plainMs + 50, `${tookMs.toFixed(0)} ms, harmless ones ${plainMs.toFixed(0)} ms`);
        }
      }),
    );
  }

  /** Sends one request after the other and returns the computing time for all of them. */
  const ask = async (t: Test, headers: Record<string, string>, status: number): Promise<number> => {
    const startMs = cpuUsedMs();
    for (let count = 0; count < 50; count++) {
      const answered = await new Promise<number | undefined>((resolve, reject) => {
        const asked = request(`${server.url}/ws`, {
          headers: {
            connection: 'upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
            ...headers,
          },
        });
        asked.on('response', (response) => resolve(response.resume().statusCode));
        asked.on('error', reject);
        asked.end();
      });
      if (answered !== status) t.equal(answered, status);
    }
    return cpuUsedMs() - startMs;
  };

  await t.test('so are hosts and origins that would take long to process', (t) =>
    conversation.unharmed(t, async () => {
      const plainMs = await ask(t, { host: 'x'.repeat(12_000) }, 421);
      const punycodeMs = await ask(t, { host: `xn--${'ab9z'.repeat(3000)}` }, 421);
      t.ok(
        punycodeMs < MAX_RATIO * plainMs + 50,
        `${punycodeMs.toFixed(0)} ms, harmless ones ${plainMs.toFixed(0)} ms`,
      );
      const marks = encodeURIComponent(DESCENDING.join('')).repeat(500);
      const originMs = await ask(t, { host: 'voice.example', origin: `http://a${marks}` }, 403);
      t.ok(originMs < MAX_RATIO * plainMs + 50, `${originMs.toFixed(0)} ms, harmless ones ${plainMs.toFixed(0)} ms`);
    }),
  );
});
