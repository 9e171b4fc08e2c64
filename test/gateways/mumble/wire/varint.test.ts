import * as fc from 'fast-check';
import { test } from 'tap';
import { putVarint, VarintReader } from '../../../../src/gateways/mumble/wire/varint.ts';

const EDGES = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff, 0x200000, 0xfffffff, 0x10000000, 2 ** 32 - 1, 2 ** 32];

function written(value: number): Uint8Array {
  const bytes = new Uint8Array(16).fill(0xee);
  const end = putVarint(bytes, 2, value);
  return bytes.subarray(2, end);
}

test('numbers are written in their shortest form', async (t) => {
  const hex = (value: number): string => Buffer.from(written(value)).toString('hex');
  t.equal(hex(0x7f), '7f');
  t.equal(hex(0x80), '8080');
  t.equal(hex(0x3fff), 'bfff');
  t.equal(hex(0x4000), 'c04000');
  t.equal(hex(0x1fffff), 'dfffff');
  t.equal(hex(0x200000), 'e0200000');
  t.equal(hex(0xfffffff), 'efffffff');
  t.equal(hex(0x10000000), 'f010000000');
  t.equal(hex(2 ** 32), 'f40000000100000000');
});

test('what is written is read again, and nothing shorter is', (t) => {
  const value = fc.oneof(fc.constantFrom(...EDGES, 2 ** 53 - 1), fc.maxSafeNat());
  fc.assert(
    fc.property(value, (number) => {
      const bytes = written(number);
      const reader = new VarintReader();
      const isRead = reader.read(bytes, 0, bytes.length);
      const isCutRead = new VarintReader().read(bytes, 0, bytes.length - 1);
      return isRead && reader.value === number && reader.at === bytes.length && !isCutRead;
    }),
  );
  t.end();
});

test('negative numbers, and those that no double can hold, are refused', async (t) => {
  const isRead = (...bytes: number[]): boolean => new VarintReader().read(Uint8Array.from(bytes), 0, bytes.length);
  t.notOk(isRead(0xf8, 1));
  t.notOk(isRead(0xfc));
  t.notOk(isRead(0xff));
  t.notOk(isRead(0xf4, 0, 0x20, 0, 0, 0, 0, 0, 0));
  t.ok(isRead(0xf4, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
});
