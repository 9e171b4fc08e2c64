import fc from 'fast-check';
import { test } from 'tap';
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../src/lib/errors.ts';
import { clientMessageSchema } from '../../src/protocol/client-messages.ts';
import { decodeClientMessage } from '../../src/signaling/decode.ts';
import { cases } from '../helpers/cases.ts';

function codeOf(text: string): ErrorCode | undefined {
  try {
    decodeClientMessage(text);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return undefined;
}

test('a message gets its defaults, and unknown fields are ignored', (t) => {
  t.strictSame(decodeClientMessage('{"type":"join","room":"lobby","name":"Ada","shoeSize":38}'), {
    type: 'join',
    room: 'lobby',
    name: 'Ada',
    muted: false,
    deafened: false,
    hasMicrophone: true,
    batches: false,
    chat: false,
    data: false,
    pages: false,
    redirects: false,
  });
  t.strictSame(decodeClientMessage('{"type":"ping","id":7}'), { type: 'ping', id: 7 });
  t.end();
});

test('anything but a JSON object of a known shape is malformed, and an unrecognised type is unknown', (t) => {
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

test('every string is bounded by its schema, and one with a code for its length reports it', (t) => {
  const long = 'a\u0315\u0316'.repeat(400_000);
  const join = { type: 'join', room: 'lobby', name: 'Ada' };
  const codes = {
    name: codeOf(JSON.stringify({ ...join, name: long })),
    room: codeOf(JSON.stringify({ ...join, room: long })),
    password: codeOf(JSON.stringify({ ...join, password: long })),
    token: codeOf(JSON.stringify({ ...join, token: long })),
    resumeToken: codeOf(JSON.stringify({ ...join, resumeToken: long })),
    sdp: codeOf(JSON.stringify({ type: 'offer', sdp: long })),
    kick: codeOf(JSON.stringify({ type: 'kick', participantId: long })),
  };
  t.strictSame(codes, {
    name: 'invalid_name',
    room: 'invalid_room',
    password: 'malformed_message',
    token: 'malformed_message',
    resumeToken: 'malformed_message',
    sdp: 'sdp_too_large',
    kick: 'malformed_message',
  });
  for (const { shape } of clientMessageSchema.options)
    for (const [field, schema] of Object.entries(shape)) {
      const { maxLength, type, enum: choices } = z.toJSONSchema(schema as z.ZodType, { io: 'input' });
      if (type === 'string' && field !== 'type' && choices === undefined) t.type(maxLength, 'number', field);
    }
  t.end();
});

test('no input causes anything other than an AppError', (t) => {
  const types = fc.constantFrom('join', 'offer', 'mute', 'deafen', 'leave', 'ping', 'other');
  const message = fc.tuple(types, fc.object()).map(([type, fields]) => JSON.stringify({ ...fields, type }));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), message), (text) => {
      codeOf(text);
    }),
    { numRuns: cases(2000) },
  );
  t.pass('2000 texts');
  t.end();
});
