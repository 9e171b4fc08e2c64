import * as fc from 'fast-check';
import { test } from 'tap';
import { dtlsRecord, dtlsRecordEnd, dtlsRecordEpoch, hasDtlsRecord } from '../../../src/rtc/dtls/dtls-record.ts';

interface RecordOptions {
  readonly type?: number;
  readonly version?: number;
  readonly epoch?: number;
  readonly length?: number;
}

/** RFC 6347 section 4.1 */
function record({ type = 22, version = 0xfefd, epoch = 0, length = 5 }: RecordOptions = {}): Buffer {
  const bytes = Buffer.alloc(13 + length, 0xaa);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16BE(version, 1);
  bytes.writeUInt16BE(epoch, 3);
  bytes.writeUInt16BE(length, 11);
  return bytes;
}

test('records are found one after another, whatever their lengths', (t) => {
  const records = fc.array(
    fc.record({ type: fc.integer({ min: 20, max: 23 }), epoch: fc.nat(65_535), length: fc.nat(600) }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(records, (wanted) => {
      const datagram = Buffer.concat(wanted.map(record));
      let at = 0;
      for (const { epoch, length } of wanted) {
        if (dtlsRecordEpoch(datagram, at) !== epoch) return false;
        const end = dtlsRecordEnd(datagram, at);
        if (end !== at + 13 + length) return false;
        at = end;
      }
      return at === datagram.length && dtlsRecordEnd(datagram, at) === -1;
    }),
  );
  t.end();
});

test('a truncated record, or one of another type or version, is not a record', (t) => {
  const whole = record();
  for (let length = 0; length < whole.length; length++) t.equal(dtlsRecordEnd(whole.subarray(0, length), 0), -1);
  t.equal(dtlsRecordEnd(record({ length: 0 }), 0), 13, 'a record may be empty');
  for (let type = 0; type < 256; type++) {
    t.equal(dtlsRecordEnd(record({ type }), 0) >= 0, type >= 20 && type <= 23, `type ${type}`);
  }
  for (const version of [0x0303, 0xfdff, 0xffff]) t.equal(dtlsRecordEnd(record({ version }), 0), -1);
  t.equal(dtlsRecordEnd(record({ version: 0xfeff }), 0), 18, 'DTLS 1.0 begins like this');
  t.end();
});

test('a record of an epoch is found wherever it is in a datagram, before any malformed rest', (t) => {
  const [clear, encrypted, later] = [record(), record({ epoch: 1 }), record({ epoch: 2 })];
  const none = record({ type: 63 });
  for (const [parts, hasAny, hasEncrypted] of [
    [[], false, false],
    [[clear], true, false],
    [[clear, clear], true, false],
    [[encrypted], true, true],
    [[later], true, true],
    [[clear, clear, encrypted], true, true],
    [[encrypted, clear], true, true],
    [[clear, none, encrypted], true, false],
    [[none, clear], false, false],
  ] as const) {
    const datagram = Buffer.concat(parts);
    t.equal(hasDtlsRecord(datagram, 0), hasAny);
    t.equal(hasDtlsRecord(datagram, 1), hasEncrypted);
  }
  t.equal(hasDtlsRecord(Buffer.concat([clear, encrypted]).subarray(0, -1), 1), false);
  t.end();
});

test('a record that is written has its header as RFC 6347 says, and can be read', (t) => {
  const written = dtlsRecord(22, { epoch: 0x0102, sequence: 0x0304_0506_0708 }, Buffer.from([0xaa, 0xbb]));
  t.equal(written.toString('hex'), '16fefd01020304050607080002aabb');
  t.equal(dtlsRecordEnd(written, 0), written.length);
  t.equal(dtlsRecordEpoch(written, 0), 0x0102);
  t.end();
});
