/** A room full of people who all write as much as they can. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { WebSocket } from 'ws';
import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import { CHAT_RATES } from '../../src/rooms/chat/room-chat.ts';
import { BURST_MS } from '../../src/rooms/fan-out-budget.ts';
import { Conversation, ROOM } from '../helpers/conversation.ts';

const WRITERS = 240;
const STORM_MS = 4000;
const LONGEST = '\u6f22'.repeat(2000);
/** One more line may be sent when the budget is almost spent. */
const LAST_LINE_BYTES = 6500;

interface Writer {
  readonly socket: WebSocket;
  bytes: number;
  refused: number;
}

function send({ socket }: Writer, message: ClientMessageInput): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

async function join(url: string, name: string): Promise<Writer> {
  const writer: Writer = { socket: new WebSocket(url), bytes: 0, refused: 0 };
  await once(writer.socket, 'open');
  const joined = new Promise<void>((resolve) => {
    writer.socket.on('message', (data: Buffer) => {
      const start = data.toString('latin1', 0, 40);
      if (start.startsWith('{"type":"said"')) writer.bytes += data.length;
      if (start.startsWith('{"type":"error","code":"too_many_lines"')) writer.refused++;
      if (start.startsWith('{"type":"joined"' satisfies `{"type":"${ServerMessage['type']}"`)) resolve();
    });
  });
  send(writer, { type: 'join', room: ROOM, name, muted: true, batches: true, chat: true });
  await joined;
  return writer;
}

test('while two people talk, a room in which everyone writes without end cuts off nobody, not even a slow reader', async (t) => {
  const conversation = await Conversation.start(t);
  const url = conversation.server.webSocketUrl;
  const writers = await Promise.all(Array.from({ length: WRITERS }, (_, n) => join(url, `Writer ${n}`)));
  t.teardown(() => {
    for (const { socket } of writers) socket.terminate();
  });
  const [slow] = writers as [Writer];
  await sleep(BURST_MS);
  for (const writer of writers) writer.bytes = 0;
  const startMs = performance.now();
  await conversation.unharmed(t, async () => {
    // Not for longer: a client that answers no ping counts as gone.
    slow.socket.pause();
    const read = sleep(STORM_MS / 2).then(() => slow.socket.resume());
    while (performance.now() < startMs + STORM_MS) {
      for (const writer of writers) send(writer, { type: 'say', text: LONGEST });
      await sleep(250);
    }
    await read;
  });
  await sleep(500);
  const elapsedS = (performance.now() - startMs) / 1000;
  const most = Math.max(...writers.map(({ bytes }) => bytes));
  const budget = CHAT_RATES.each * (elapsedS + BURST_MS / 1000) + LAST_LINE_BYTES;
  t.ok(
    most > LAST_LINE_BYTES && most <= budget,
    `${most} bytes in ${elapsedS.toFixed(1)} s, at most ${budget.toFixed(0)}`,
  );
  t.ok(
    writers.every(({ socket }) => socket.readyState === WebSocket.OPEN),
    'nobody is disconnected',
  );
  t.ok(
    writers.every(({ refused }) => refused > 0),
    'everyone is told that it was too much',
  );
});
