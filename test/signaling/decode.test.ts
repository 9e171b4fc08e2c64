import fc from 'fast-check';
import { test } from 'tap';
import { AppError, type ErrorCode } from '../../src/lib/errors.ts';
import { decodeClientMessage } from '../../src/signaling/decode.ts';

function codeOf(text: string): ErrorCode | undefined {
  try {
    decodeClientMessage(text);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return undefined;
}

test('a message is taken with its defaults, unknown fields are ignored', (t) => {
  t.strictSame(decodeClientMessage('{"type":"join","room":"lobby","name":"Ada","shoeSize":38}'), {
    type: 'join',
    room: 'lobby',
    name: 'Ada',
    muted: false,
    deafened: false,
  });
  t.strictSame(decodeClientMessage('{"type":"ping","id":7}'), { type: 'ping', id: 7 });
  t.end();
});

test('what is not a JSON object of a known shape is malformed, a type of its own is unknown', (t) => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '7',
    '"join"',
    '{}',
    '{"type":7}',
    '{"type":"mute"}',
    '{"type":"mute","muted":1}',
  ]) {
    t.equal(codeOf(text), 'malformed_message', text);
  }
  t.equal(codeOf('{"type":"dance"}'), 'unknown_type');
  t.equal(codeOf('{"type":"constructor"}'), 'unknown_type');
  t.end();
});

test('a malformed field is named', (t) => {
  t.throws(() => decodeClientMessage('{"type":"join","room":"lobby"}'), { message: /"name": / });
  t.end();
});

test('no text makes anything else than an AppError', (t) => {
  const types = fc.constantFrom('join', 'offer', 'mute', 'deafen', 'leave', 'ping', 'other');
  const message = fc.tuple(types, fc.object()).map(([type, fields]) => JSON.stringify({ ...fields, type }));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), message), (text) => {
      codeOf(text);
    }),
    { numRuns: 2000 },
  );
  t.pass('2000 texts');
  t.end();
});
