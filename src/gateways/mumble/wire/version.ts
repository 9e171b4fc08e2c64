/** Versions of Mumble. The lower one of both sides decides how voice looks. */

/** major << 48 | minor << 32 | patch << 16, as since 1.5. */
export type Version = bigint;

/** What we announce: the first version with voice in protocol buffers. */
export const OWN_VERSION: Version = (1n << 48n) | (5n << 32n);

/** Which packets carry voice: `old` before 1.5. */
export type VoiceFormat = 'old' | 'protobuf';

interface AnnouncedVersion {
  readonly versionV1?: number | undefined;
  readonly versionV2?: bigint | undefined;
}

/** The version that a peer announced; 0 if it did not. */
export function announcedVersion({ versionV1 = 0, versionV2 }: AnnouncedVersion): Version {
  if (versionV2 !== undefined) return versionV2;
  const [major, minor, patch] = [versionV1 >>> 16, (versionV1 >> 8) & 0xff, versionV1 & 0xff];
  return (BigInt(major) << 48n) | (BigInt(minor) << 32n) | (BigInt(patch) << 16n);
}

/** As before 1.5: major << 16 | minor << 8 | patch, of at most 255. */
export function versionV1(version: Version): number {
  const part = (shift: bigint): number => Number((version >> shift) & 0xffffn);
  return (part(48n) << 16) | (Math.min(part(32n), 255) << 8) | Math.min(part(16n), 255);
}

/** How voice looks between us and a peer, in both directions, by UDP and in the tunnel. */
export function voiceFormat(peer: Version): VoiceFormat {
  return peer >= OWN_VERSION ? 'protobuf' : 'old';
}
