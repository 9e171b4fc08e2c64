import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { test } from 'tap';
import { crc32, crc32c } from '../../src/lib/crc.ts';

test('the checksum of the usual sample is the published one', (t) => {
  t.equal(crc32(Buffer.from('123456789'), 9), 0xcbf43926);
  t.equal(crc32(Buffer.alloc(0), 0), 0);
  t.end();
});

test('the checksum is the one at the end of a gzip file (RFC 1952), over the first bytes only', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, wanted) => {
      const length = Math.min(wanted, bytes.length);
      const file = gzipSync(bytes.subarray(0, length));
      return crc32(bytes, length) === file.readUInt32LE(file.length - 8);
    }),
  );
  t.end();
});

test('the checksum of SCTP is the published one', (t) => {
  t.equal(crc32c(Buffer.from('123456789'), 9), 0xe3069283);
  // RFC 3720 section B.4
  t.equal(crc32c(Buffer.alloc(32), 32), 0x8a9136aa);
  t.equal(crc32c(Buffer.alloc(32, 0xff), 32), 0x62a8ab43);
  t.equal(crc32c(Buffer.from(Array.from({ length: 48 }, (_, i) => i)), 32), 0x46dd794e);
  t.end();
});
