/** A room full of people who change state, come and go without end. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import type { ClientMessageInput, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';
import { BURST_MS } from '../../src/rooms/fan-out-budget.ts';
import { UPDATE_RATES } from '../../src/rooms/participant-updates.ts';
import { Conversation, ROOM } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';

const GUESTS = 150;
const STORM_MS = 4000;
/** Toggles of each guest: fewer than would end the connection. */
const TOGGLES_PER_SECOND = 15;
/** One more message may be sent when the budget is almost spent. */
const LAST_MESSAGE_BYTES = 500;

interface Counts {
  readonly bytes: number;
  readonly messages: number;
}

/** Somebody without media. */
class Guest {
  readonly socket: WebSocket;
  readonly name: string;
  id = '';
  /** Everybody in the room as this client knows them. Kept only by clients that just listen. */
  readonly list = new Map<string, ParticipantInfo>();
  readonly heard: ServerMessage['type'][] = [];
  readonly #listens: boolean;
  #bytes = 0;
  #messages = 0;

  private constructor(socket: WebSocket, name: string, listens: boolean) {
    this.socket = socket;
    this.name = name;
    this.#listens = listens;
    socket.on('message', (data) => this.#receive(String(data)));
  }

  static async join(
    t: Test,
    url: string,
    { name, batches, listens = false }: { name: string; batches?: boolean; listens?: boolean },
  ): Promise<Guest> {
    const socket = new WebSocket(url);
    t.teardown(() => socket.terminate());
    const guest = new Guest(socket, name, listens);
    await once(socket, 'open');
    const joined = guest.joined();
    guest.say({ type: 'join', room: ROOM, name, muted: true, ...(batches !== undefined && { batches }) });
    await joined;
    return guest;
  }

  joined(): Promise<void> {
    return new Promise((resolve) => {
      const onMessage = (data: unknown) => {
        const message = JSON.parse(String(data)) as ServerMessage;
        if (message.type !== 'joined') return;
        this.id = message.participantId;
        this.socket.off('message', onMessage);
        resolve();
      };
      this.socket.on('message', onMessage);
    });
  }

  say(message: ClientMessageInput): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Returns what this client was told about participants since the last call. */
  take(): Counts {
    const counts = { bytes: this.#bytes, messages: this.#messages };
    this.#bytes = this.#messages = 0;
    return counts;
  }

  #receive(text: string): void {
    if (text.startsWith('{"type":"participant')) {
      this.#bytes += Buffer.byteLength(text);
      this.#messages++;
    }
    if (this.#listens) this.#read(JSON.parse(text) as ServerMessage);
  }

  #read(message: ServerMessage): void {
    if (message.type === 'levels') return;
    this.heard.push(message.type);
    if ('participants' in message && message.type !== 'participants_left')
      for (const participant of message.participants) this.list.set(participant.id, participant);
    if ('participant' in message) this.list.set(message.participant.id, message.participant);
    if (message.type === 'participant_left') this.list.delete(message.participantId);
    if (message.type === 'participants_left')
      for (const { participantId } of message.participants) this.list.delete(participantId);
  }
}

test('while two people talk', async (t) => {
  const conversation = await Conversation.start(t);
  const url = conversation.server.webSocketUrl;
  const listeners = [
    await Guest.join(t, url, { name: 'New', batches: true, listens: true }),
    await Guest.join(t, url, { name: 'Old', listens: true }),
    await Guest.join(t, url, { name: 'Slow', listens: true }),
  ];
  const [listener, old, slow] = listeners as [Guest, Guest, Guest];
  const guests = await Promise.all(
    Array.from({ length: GUESTS }, (_, i) => Guest.join(t, url, { name: `Guest ${i}`, batches: i % 2 === 0 })),
  );
  const everybody = [...listeners, ...guests];
  const allKnown = (muted: (index: number) => boolean) =>
    eventually(
      () =>
        listeners.every(
          ({ list }) =>
            list.size === everybody.length + 2 && guests.every(({ id }, index) => list.get(id)?.muted === muted(index)),
        ) || listeners.map(({ name, list }) => `${name} knows ${list.size}`).join(),
    );
  await allKnown(() => true);

  await t.test(
    "guests who toggle mute without end use up nobody's bandwidth, and in the end everybody knows who is muted",
    async (t) => {
      await sleep(BURST_MS);
      for (const guest of everybody) guest.take();
      const startMs = performance.now();
      await conversation.unharmed(t, async () => {
        // Not for longer: a client that answers no ping counts as gone.
        slow.socket.pause();
        const read = sleep(STORM_MS / 3).then(() => slow.socket.resume());
        for (let n = 0; performance.now() < startMs + STORM_MS; n++) {
          for (const [i, guest] of guests.entries()) {
            if (i % 3 === 0) guest.say({ type: 'mute', muted: n % 2 === 1 });
            else if (i % 3 === 1) guest.say({ type: 'state', muted: n % 2 === 1, deafened: n % 2 === 0 });
            else guest.say({ type: 'deafen', deafened: n % 2 === 0 });
          }
          await sleep(1000 / TOGGLES_PER_SECOND);
        }
        await read;
        for (const [i, guest] of guests.entries()) guest.say({ type: 'state', muted: i % 2 === 0, deafened: false });
        for (const guest of listeners) if (guest !== slow) guest.say({ type: 'ping' });
      });
      const elapsedS = (performance.now() - startMs) / 1000;
      const most = Math.max(...everybody.map((guest) => guest.take().bytes));
      const budget = UPDATE_RATES.each * (elapsedS + BURST_MS / 1000) + LAST_MESSAGE_BYTES;
      t.comment(`${(most / 1000 / elapsedS).toFixed(1)} kB/s to each`);
      t.ok(most > 0 && most <= budget, `${most} bytes in ${elapsedS.toFixed(1)} s, at most ${budget.toFixed(0)}`);
      await allKnown((index) => index % 2 === 0);
      t.ok(
        everybody.every(({ socket }) => socket.readyState === WebSocket.OPEN),
        'nobody is disconnected',
      );
    },
  );

  await t.test('when all guests leave and come back at the same time, few messages say so', async (t) => {
    await sleep(BURST_MS);
    for (const guest of everybody) guest.take();
    listener.heard.length = old.heard.length = 0;
    const startMs = performance.now();
    await conversation.unharmed(t, async () => {
      for (const guest of guests) guest.say({ type: 'leave' });
      await eventually(() => listener.list.size === listeners.length + 2 || `${listener.list.size} are there`);
      const back = guests.map((guest) => guest.joined());
      for (const guest of guests) guest.say({ type: 'join', room: ROOM, name: guest.name, muted: true });
      await Promise.all(back);
    });
    await allKnown(() => true);
    const elapsedS = (performance.now() - startMs) / 1000;
    const { messages } = listener.take();
    t.ok(messages < 2 * 20 * elapsedS + 4, `${messages} messages for ${2 * GUESTS} joins and leaves`);
    const count = (type: ServerMessage['type']) => old.heard.filter((heard) => heard === type).length;
    t.equal(count('participant_joined'), GUESTS, 'a client of version 0.1 is told of each one separately');
    t.equal(count('participant_left'), GUESTS);
    t.equal(count('participants_joined') + count('participants_left'), 0);
  });
});
