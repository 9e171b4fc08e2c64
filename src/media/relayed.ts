/** Seats whose packets the control plane passes on, as seen by those who bring them. */

import type { VoicePacket } from '../formats/voice-packet.ts';
import { SAMPLE_RATE } from '../mixer/format.ts';
import type { MusicLoudness } from '../mixer/source/music-level.ts';
import type { SeatOptions } from './plane.ts';

/** What may wait in a seat's queue: 10 s. */
export const MAX_QUEUED_SAMPLES = 10 * SAMPLE_RATE;

export interface RelayedParameters {
  /** The participant sends a voice or music. */
  readonly speaks: boolean;
  /** The participant is sent the mix. */
  readonly listens: boolean;
  /** By default not. */
  readonly takesStereo?: boolean;
}

/** One Opus packet of a participant, of any duration, with its place in their stream. */
export type RelayedPacket = Omit<VoicePacket, 'redundant'>;

/** Receives what is for a relayed participant. Must not throw. */
export interface RelayedSink {
  /**
   * One Opus packet of the mix, 20 ms; while it is silent, only one every 400 ms.
   * @param payload retaining it retains the packets of a whole tick
   * @param timestamp 32 bits, in samples at 48 kHz; that of all listeners is the same
   * @param marker first packet after a silence
   */
  mix(payload: Uint8Array, timestamp: number, marker: boolean): void;
  /**
   * The queue has gone on, about ten times a second.
   * @param samples how many of all that was ever queued have been played or cleared
   */
  played?(samples: number): void;
}

export interface RelayedOptions extends SeatOptions, RelayedParameters {
  readonly sink: RelayedSink;
  /** If it is music; unchanged by default. */
  readonly loudness?: MusicLoudness | undefined;
}
