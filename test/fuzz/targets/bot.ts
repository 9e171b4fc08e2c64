import pino from 'pino';
import { BotSession } from '../../../src/gateways/bots/session.ts';
import { readFrame } from '../../../src/gateways/sound-frame.ts';
import { ERRORS } from '../../../src/lib/errors.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { readFrame as readByBot, writePacket, writeSamples } from '../../../web/sdk/bot/frame.ts';
import { FakeBotSocket } from '../../helpers/fake-bot-socket.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

/** The first byte of a frame says what kind of message it is. */
const [TEXT, BINARY] = ['{'.charCodeAt(0), 0];
const FRAME = new Int16Array(960);

const text = (message: object) => Buffer.from(JSON.stringify(message));
const binary = (bytes: ArrayBuffer) => Buffer.concat([Buffer.of(BINARY), Buffer.from(bytes)]);
const start = (more: object) => text({ type: 'start', name: 'Bot', ...more });

/** The whole connection of a bot, without the WebSocket around its messages. */
export const bot: FuzzTarget = {
  name: 'bot',
  files: [
    ...['session', 'sent-sound', 'heard-sound'].map((name) => `src/gateways/bots/${name}.ts`),
    'src/gateways/sound-frame.ts',
    ...['src/protocol/bot.ts', 'web/sdk/bot/frame.ts'],
  ],
  framed: true,
  maxBytes: 20_000,
  maxMs: 50,
  seeds: () => [
    joinFrames([start({ send: 'opus' }), binary(writePacket(payloadOf(1), 1)), text({ type: 'mark', name: 'x' })]),
    joinFrames([start({ send: 'pcm', source: 'music' }), binary(writeSamples(FRAME, 1)), text({ type: 'clear' })]),
    joinFrames([start({ receive: 'speakers', format: 'pcm' }), text({ type: 'mute', muted: true })]),
    joinFrames([start({ receive: 'mix', send: null }), text({ type: 'mute', muted: false })]),
  ],
  tokens: ['"type":"start"', '"send":"opus"', '"receive":"mix"', '"mark"', '"__proto__":{', 'null', '\u0001', '\u0002'],
  run: (input) => {
    const { clock, registry, plane } = openRegistry();
    const socket = new FakeBotSocket();
    let closes = 0;
    new BotSession({
      socket: socket.socket,
      registry,
      room: 'lobby',
      clock,
      from: 'x',
      address: null,
      admission: { ...GUEST, mayBeBot: true },
      codec: {
        createEncoder: () => ({ encode: () => payloadOf(7) }),
        createDecoder: () => ({ decode: () => FRAME }),
      },
      limitCounts: new LimitCounts(),
      log: pino({ level: 'silent' }),
      onClosed: () => closes++,
    });
    for (const frame of splitFrames(input)) {
      const isText = frame[0] === TEXT;
      const message = Buffer.from(isText ? frame : frame.subarray(1));
      if (!isText) {
        for (const kind of ['opus', 'pcm'] as const)
          hold(readFrame(message, kind)?.length !== 0, 'no payload is empty');
        readByBot(Uint8Array.from(message).buffer);
      }
      socket.emit('message', message, !isText);
      clock.advance(20);
    }
    for (const each of socket.sent) {
      if (typeof each !== 'string') continue;
      const { type, code } = JSON.parse(each) as { type: string; code?: string };
      hold(
        type !== 'error' || (code !== undefined && code in ERRORS && code !== 'internal'),
        `an error is known: ${each}`,
      );
    }
    hold(!('polluted' in {}), 'no prototype is changed');
    socket.close(1000);
    hold(closes === 1, 'it closes once');
    hold(
      plane.rooms.every(({ relayed }) => relayed.every(({ open }) => !open)),
      'no seat is left',
    );
    registry.close();
    hold(clock.pendingTimers === 0, 'no timer is left');
  },
};
