/** The source of a new participant, by what they send. */
import type { CodecPool } from '../codec/codec-pool.ts';
import type { MixSource } from '../source/mix-source.ts';
import { MusicSource } from '../source/music-source.ts';
import { Source } from '../source/source.ts';
import type { ParticipantOptions } from './mix-participant.ts';
import type { TalkerLimits } from './talker-limits.ts';
import { TO_ROOM } from './voice-path.ts';

export function createSource(
  pool: CodecPool,
  limits: TalkerLimits,
  levelling: boolean,
  { kind = 'voice', muted, address = TO_ROOM, loudness }: ParticipantOptions,
): MixSource {
  if (kind === 'music') return new MusicSource(pool, muted, limits, loudness);
  if (kind === 'home') return new Source(pool, muted, { talkerLimit: limits.homes });
  return new Source(pool, muted, {
    talkerLimit: limits.limitFor(address),
    levelling: levelling && kind === 'voice',
  });
}
