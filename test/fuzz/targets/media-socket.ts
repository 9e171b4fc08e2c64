import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pino from 'pino';
import { MediaLeg } from '../../../src/gateways/websocket/media-leg.ts';
import { MediaSocketSession } from '../../../src/gateways/websocket/session.ts';
import { ERRORS } from '../../../src/lib/errors.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { readFrame, writeAcknowledgement, writeVoice } from '../../../web/sdk/websocket-media/frame.ts';
import { FakeBotSocket } from '../../helpers/fake-bot-socket.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

/** The first byte of a frame says what kind of message it is. */
const [TEXT, BINARY] = ['{'.charCodeAt(0), 0];
const text = (message: object) => Buffer.from(JSON.stringify(message));
const binary = (bytes: ArrayBuffer) => Buffer.concat([Buffer.of(BINARY), Buffer.from(bytes)]);
const ATTACH = text({ type: 'attach', room: 'lobby', resumeToken: 'x' });
const VOICE = writeVoice({ sequence: 1, time: 960, levelDbov: -20, packet: payloadOf(1) });

/** The whole connection for the sound of a participant, without the WebSocket around its messages. */
export const mediaSocket: FuzzTarget = {
  name: 'media-socket',
  files: [
    ...['send-window', 'media-leg', 'session'].map((name) => `src/gateways/websocket/${name}.ts`),
    ...['src/gateways/sound-frame.ts', 'src/protocol/media-socket.ts', 'web/sdk/websocket-media/frame.ts'],
  ],
  framed: true,
  maxBytes: 20_000,
  maxMs: 50,
  seeds: () => [
    joinFrames([ATTACH, binary(VOICE), binary(writeAcknowledgement(1, 20))]),
    joinFrames([ATTACH, text({ type: 'offer', sdp: 'v=0' }), binary(VOICE)]),
    joinFrames([binary(VOICE), ATTACH]),
  ],
  tokens: ['"type":"attach"', '"resumeToken":"x"', '"stereo":true', '"__proto__":{', 'null', '\u0001', '\u0003'],
  run: (input) => {
    const { clock, registry, plane } = openRegistry();
    const state = { muted: false, deafened: false };
    const { participant } = registry.join({
      room: 'lobby',
      name: 'Ada',
      admission: GUEST,
      state,
      from: 'x',
      listener: new RecordingListener(),
    });
    const leg = new MediaLeg(participant, clock);
    const socket = new FakeBotSocket();
    const connection = Object.assign(new EventEmitter(), { writableLength: 0 });
    let closes = 0;
    new MediaSocketSession({
      socket: socket.socket,
      connection: connection as unknown as Duplex,
      clock,
      legOf: () => leg,
      client: { address: 'x', isRemote: false },
      counters: { framesIn: 0, framesOut: 0, framesDropped: 0 },
      limitCounts: new LimitCounts(),
      log: pino({ level: 'silent' }),
      onClosed: () => closes++,
    });
    for (const frame of splitFrames(input)) {
      const isText = frame[0] === TEXT;
      const message = Buffer.from(isText ? frame : frame.subarray(1));
      if (!isText) readFrame(Uint8Array.from(message).buffer);
      connection.emit('data', message);
      socket.emit('message', message, !isText);
      for (const { options } of plane.rooms[0]?.relayed ?? []) options.sink.mix(payloadOf(1), 960, false);
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
    for (const { sent } of plane.rooms[0]?.relayed ?? [])
      hold(
        sent.every(({ timestamp, payload }) => timestamp >= 0 && timestamp < 2 ** 32 && payload.length > 0),
        'what is passed on has a place',
      );
    hold(!('polluted' in {}), 'no prototype is changed');
    socket.close(1000);
    hold(closes === 1, 'it closes once');
    registry.close();
    hold(clock.pendingTimers === 0, 'no timer is left');
  },
};
