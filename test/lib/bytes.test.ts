import * as fc from 'fast-check';
import { test } from 'tap';
import { readUint16, readUint24, readUint32, writeUint16, writeUint24, writeUint32 } from '../../src/lib/bytes.ts';

const anyBytes = fc.uint8Array({ minLength: 4, maxLength: 16 });

test('integers are read in network byte order', (t) => {
  fc.assert(
    fc.property(anyBytes, fc.nat(12), (bytes, offset) => {
      const at = Math.min(offset, bytes.length - 4);
      const buffer = Buffer.from(bytes);
      return (
        readUint16(bytes, at) === buffer.readUInt16BE(at) &&
        readUint24(bytes, at) === buffer.readUIntBE(at, 3) &&
        readUint32(bytes, at) === buffer.readUInt32BE(at)
      );
    }),
  );
  t.end();
});

test('integers are written in network byte order, and nothing next to them changes', (t) => {
  fc.assert(
    fc.property(anyBytes, fc.nat(12), fc.nat(0xffff_ffff), (bytes, offset, value) => {
      const at = Math.min(offset, bytes.length - 4);
      const [ours16, ours24, ours32] = [Uint8Array.from(bytes), Uint8Array.from(bytes), Uint8Array.from(bytes)];
      writeUint16(ours16, at, value);
      writeUint24(ours24, at, value);
      writeUint32(ours32, at, value);
      const [theirs16, theirs24, theirs32] = [Buffer.from(bytes), Buffer.from(bytes), Buffer.from(bytes)];
      theirs16.writeUInt16BE(value & 0xffff, at);
      theirs24.writeUIntBE(value & 0xffffff, at, 3);
      theirs32.writeUInt32BE(value, at);
      return theirs16.equals(ours16) && theirs24.equals(ours24) && theirs32.equals(ours32);
    }),
  );
  t.end();
});
