import { AppError } from '../../../src/lib/errors.ts';
import type { ClientMessage } from '../../../src/protocol/client-messages.ts';
import { decodeClientMessage } from '../../../src/signaling/decode.ts';
import { type FuzzTarget, hold } from '../target.ts';

const TYPES: ReadonlySet<string> = new Set(['malformed_message', 'unknown_type']);

export const signaling: FuzzTarget = {
  name: 'signaling',
  files: ['src/signaling/decode.ts', 'src/protocol/client-messages.ts'],
  seeds: () =>
    [
      { type: 'join', room: 'lobby', name: 'Ada', muted: true, deafened: false, resumeToken: 'abc' },
      { type: 'offer', sdp: 'v=0\r\n' },
      { type: 'join', room: 'lobby', name: 'Ada', batches: true },
      { type: 'state', muted: true, deafened: false },
      { type: 'mute', muted: true },
      { type: 'deafen', deafened: true },
      { type: 'leave' },
      { type: 'ping', id: 7 },
    ].map((message) => Buffer.from(JSON.stringify(message))),
  tokens: [
    ...['{', '}', '[', ']', '"', ':', ',', 'null', 'true', '1e999', '-0', '\\u0000', '\\ud800', '\u00e9', '\ufeff'],
    ...['"type":"join"', '"__proto__":{', '"constructor":', '"type":"toString"', '[[[[[[[[', '{"a":', ' '.repeat(100)],
    ...['"room":', '"name":', '"muted":', '"sdp":', '"id":', '"resumeToken":'],
  ],
  run: (input) => {
    let message: ClientMessage;
    try {
      message = decodeClientMessage(Buffer.from(input).toString('utf8'));
    } catch (error) {
      hold(error instanceof AppError && TYPES.has(error.code), `only message errors are thrown, not ${error}`);
      hold(error.message.length < 1000, 'an error is short');
      return;
    }
    hold(Object.getPrototypeOf(message) === Object.prototype, 'a message is a plain object');
    const written = JSON.stringify(message);
    hold(JSON.stringify(decodeClientMessage(written)) === written, 'a message parses back unchanged');
    hold(!('polluted' in {}), 'no prototype is changed');
  },
};
