import { test } from 'tap';
import { MESSAGES, TYPE } from '../../../../src/gateways/mumble/wire/messages.ts';
import { encodeMessage } from '../../../../src/gateways/mumble/wire/protobuf.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('types are numbered in Mumble’s order, without gaps', async (t) => {
  t.same(Object.values(TYPE), [...Array(27).keys()]);
});

test('every message belongs to a type, and no field has the number of another', async (t) => {
  for (const [name, table] of Object.entries(MESSAGES)) {
    t.ok(name in TYPE, name);
    const numbers = Object.values(table).map(({ number }) => number);
    t.equal(new Set(numbers).size, numbers.length, name);
  }
});

test('the version and the codec look as Mumble writes them', async (t) => {
  const version = { versionV1: 0x010500, versionV2: (1n << 48n) | (5n << 32n) };
  t.equal(hex(encodeMessage(MESSAGES.version, version)), '08808a042880808080d08040');
  const codec = { alpha: -2147483637, beta: 0, preferAlpha: true, opus: true };
  t.equal(hex(encodeMessage(MESSAGES.codecVersion, codec)), '088b808080f8ffffffff01100018012001');
});
