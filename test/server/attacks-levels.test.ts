/** Participants whose packets do not sound as loud as they claim (RFC 6464). */
import { once } from 'node:events';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { Conversation, ROOM, usualLevelDbfs } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { sendFrames } from '../helpers/every-frame.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { RawParticipant } from '../helpers/raw-participant.ts';
import { toInt16, tone } from '../helpers/signal.ts';

/** As many as are heard at a time. */
const LIARS = 8;
const FRAMES = 100;
const OTHER_HZ = 1240;
const AUDIBLE_DBFS = -30;
const SILENCE = new Int16Array(FRAME_SAMPLES);

test('while two people talk', async (t) => {
  const conversation = await Conversation.start(t);
  const { server, ada, certificate } = conversation;
  const join = { url: server.webSocketUrl, room: ROOM, certificate };
  const watcher = await Watcher.join(t, server.webSocketUrl);

  await t.test(
    'eight participants who claim 0 dBov and send silence displace nobody and are not shown as speaking',
    async (t) => {
      const liars = await Promise.all(
        Array.from({ length: LIARS }, (_, i) => RawParticipant.join({ ...join, name: `Liar ${i}`, ssrc: 900 + i })),
      );
      t.teardown(() => {
        for (const liar of liars) liar.close();
      });
      const encode = createFrameEncoder();
      watcher.shown.clear();
      await conversation.unharmed(t, () =>
        sendFrames(FRAMES, () => {
          const payload = encode(SILENCE);
          for (const liar of liars) liar.sendRtp(payload, 0);
        }),
      );
      t.same([...watcher.shown].sort(), ['Ada', 'Ben'], 'only those who talk are shown as speaking');
    },
  );

  await t.test('a participant who speaks and claims silence is heard and shown', async (t) => {
    const modest = await RawParticipant.join({ ...join, name: 'Modest', ssrc: 950 });
    t.teardown(() => modest.close());
    const encode = createFrameEncoder();
    const sound = toInt16(tone({ frequencyHz: OTHER_HZ, samples: 48_000 }));
    watcher.shown.clear();
    const mark = ada.hearing.mark();
    await conversation.unharmed(t, () =>
      sendFrames(FRAMES, (n) => {
        const at = (n % 50) * FRAME_SAMPLES;
        modest.sendRtp(encode(sound.subarray(at, at + FRAME_SAMPLES)), -127);
      }),
    );
    const level = usualLevelDbfs(ada.hearing.sound(mark), OTHER_HZ);
    t.ok(level > AUDIBLE_DBFS, `heard at ${level.toFixed(1)} dBFS`);
    await t.resolves(
      eventually(() => watcher.shown.has('Modest')),
      'and shown as speaking',
    );
  });
});

/** Somebody without media who sees who is shown as speaking. */
class Watcher {
  readonly shown = new Set<string>();
  readonly #names = new Map<string, string>();

  static async join(t: Test, url: string): Promise<Watcher> {
    const socket = new WebSocket(url);
    t.teardown(() => socket.close());
    await once(socket, 'open');
    const watcher = new Watcher();
    const joined = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        watcher.#note(message);
        if (message.type === 'joined') resolve();
      });
    });
    socket.send(JSON.stringify({ type: 'join', room: ROOM, name: 'Watcher' }));
    await joined;
    return watcher;
  }

  #note(message: ServerMessageLike): void {
    for (const { id, name } of message.participants ?? []) this.#names.set(id, name);
    if (message.participant !== undefined) this.#names.set(message.participant.id, message.participant.name);
    for (const [id] of message.speaking ?? []) this.shown.add(this.#names.get(id) ?? id);
  }
}

interface ServerMessageLike {
  readonly participants?: readonly { readonly id: string; readonly name: string }[];
  readonly participant?: { readonly id: string; readonly name: string };
  readonly speaking?: readonly (readonly [id: string, levelDbov: number])[];
}
