import { test } from 'tap';
import { announcedVersion, OWN_VERSION, versionV1, voiceFormat } from '../../../../src/gateways/mumble/wire/version.ts';

const version = (major: number, minor: number, patch: number): bigint =>
  (BigInt(major) << 48n) | (BigInt(minor) << 32n) | (BigInt(patch) << 16n);

test('the newer announcement counts, then the older', async (t) => {
  t.equal(announcedVersion({ versionV1: 0x010304 }), version(1, 3, 4));
  t.equal(announcedVersion({ versionV1: 0x010304, versionV2: version(1, 5, 735) }), version(1, 5, 735));
  t.equal(announcedVersion({}), 0n);
});

test('in the older form a patch has one byte', async (t) => {
  t.equal(versionV1(version(1, 2, 4)), 0x010204);
  t.equal(versionV1(version(1, 5, 735)), 0x0105ff);
  t.equal(versionV1(OWN_VERSION), 0x010500);
});

test('voice is in protocol buffers from 1.5.0 on', async (t) => {
  t.equal(voiceFormat(version(1, 4, 999)), 'old');
  t.equal(voiceFormat(version(1, 5, 0)), 'protobuf');
  t.equal(voiceFormat(version(1, 6, 0)), 'protobuf');
  t.equal(voiceFormat(0n), 'old');
});
