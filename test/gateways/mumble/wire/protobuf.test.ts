import * as fc from 'fast-check';
import { test } from 'tap';
import {
  decodeMessage,
  encodeMessage,
  field,
  ProtoReader,
  repeated,
} from '../../../../src/gateways/mumble/wire/protobuf.ts';

const TABLE = {
  small: field(1, 'uint32'),
  signed: field(2, 'int32'),
  large: field(5, 'uint64'),
  flag: field(6, 'bool'),
  ratio: field(7, 'float'),
  name: field(16, 'text'),
  data: field(100, 'bytes'),
  numbers: repeated(20, 'uint32'),
  words: repeated(21, 'text'),
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const decode = (text: string) => decodeMessage(TABLE, bytesOf(text));

test('messages are written as protocol buffers are', async (t) => {
  t.equal(hex(encodeMessage(TABLE, { small: 300 })), '08ac02');
  t.equal(hex(encodeMessage(TABLE, { signed: -1 })), '10ffffffffffffffffff01');
  t.equal(hex(encodeMessage(TABLE, { large: 1n << 48n })), '2880808080808040');
  t.equal(hex(encodeMessage(TABLE, { flag: true, ratio: 1 })), '30013d0000803f');
  t.equal(hex(encodeMessage(TABLE, { flag: false })), '3000');
  t.equal(hex(encodeMessage(TABLE, { name: 'ä' })), '820102c3a4');
  t.equal(hex(encodeMessage(TABLE, { data: Uint8Array.of(1, 2) })), 'a206020102');
  t.equal(hex(encodeMessage(TABLE, { numbers: [1, 200] })), 'a00101a001c801');
  t.equal(hex(encodeMessage(TABLE, { name: undefined, numbers: [] })), '');
});

test('what is written is read again', (t) => {
  const message = fc.record(
    {
      small: fc.nat(0xffff_ffff),
      signed: fc.integer(),
      large: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      flag: fc.boolean(),
      ratio: fc.float({ noNaN: true }),
      name: fc.string({ unit: 'grapheme' }),
      data: fc.uint8Array(),
    },
    { requiredKeys: [] },
  );
  const lists = fc.record({
    numbers: fc.array(fc.nat(0xffff_ffff), { maxLength: 20 }),
    words: fc.array(fc.string(), { maxLength: 20 }),
  });
  fc.assert(
    fc.property(message, lists, (single, several) => {
      const values = { ...single, ...several };
      t.same(decodeMessage(TABLE, encodeMessage(TABLE, values)), values);
    }),
  );
  t.end();
});

test('unknown fields of any kind are skipped, and the last of several values counts', async (t) => {
  const unknown = '9a0603010203 9806ff01 9d0601020304 99060102030405060708';
  t.same(decode(`${unknown} 0801 ${unknown} 0802`), { small: 2, numbers: [], words: [] });
});

test('numbers may be packed', async (t) => {
  t.same(decode('a20103 01c801'), { numbers: [1, 200], words: [] });
  t.equal(decode('a20103 01c8'), null);
});

test('what is malformed is refused', async (t) => {
  for (const text of [
    '08', // no value
    '0880', // an unfinished number
    '08ffffffffffffffffffff01', // eleven bytes
    '820105 6161', // a text that ends too early
    '8201ffffffff0f', // a length of 4 GB
    '0b0c', // a group
    '0001', // field 0
    '0a0161', // a text where a number belongs
    '820101', // no text
    '3d0000', // half a float
    '8001 05', // a number where a text belongs
    '99060102', // half a 64-bit value
  ])
    t.equal(decode(text), null, text);
});

test('a repeated field has at most 256 values', async (t) => {
  const numbers = Array.from({ length: 256 }, (_, i) => i);
  t.equal(decodeMessage(TABLE, encodeMessage(TABLE, { numbers }))?.numbers.length, 256);
  t.equal(decodeMessage(TABLE, encodeMessage(TABLE, { numbers: [...numbers, 1] })), null);
  t.equal(decodeMessage(TABLE, encodeMessage(TABLE, { words: new Array(257).fill('') })), null);
});

test('no input throws, and what is read lies within it', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const message = decodeMessage(TABLE, bytes);
      return message === null || (message.data?.length ?? 0) <= bytes.length;
    }),
  );
  t.end();
});

test('a reader stays within its bounds', async (t) => {
  const reader = new ProtoReader(bytesOf('0801 0802 0803'), 2, 4);
  t.ok(reader.readKey() && reader.readVarint());
  t.equal(reader.low, 2);
  t.ok(reader.isAtEnd);
  t.notOk(reader.readKey());
});
