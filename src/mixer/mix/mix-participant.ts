/** A participant of a mixer: what those outside hold, and what the mixer knows. */
import type { Source } from '../source/source.ts';
import type { MixStream } from './mix-stream.ts';

declare const handle: unique symbol;

/** A handle: `Mixer.add` gives it, the same mixer takes it back, and nobody else looks inside. */
export interface MixParticipant {
  readonly [handle]: true;
}

/** What those outside may see of somebody who speaks, for the moment of a visit. */
export interface Speaker {
  readonly levelDbov: number;
  /** Whether the talker limit lets them be heard. */
  readonly admitted: boolean;
  readonly jitterBufferDelayMs: number;
}

/** Where a listener's packets go. */
export interface MixSink {
  /**
   * @param timestamp RTP timestamp of the mix, the same for all listeners of a room
   * @param marker first packet after a silence (RFC 7587 section 4.2)
   */
  write(payload: Uint8Array, timestamp: number, marker: boolean): void;
}

/** What a listener's decoder is in step with. */
export type Listening =
  | { readonly to: 'silence' }
  | { readonly to: 'shared' }
  | { readonly to: 'own'; readonly stream: MixStream };

export const SILENCE: Listening = { to: 'silence' };
export const SHARED: Listening = { to: 'shared' };

/** A source and a listener, as only the mixer and its tests see it. */
export class Place implements MixParticipant {
  declare readonly [handle]: true;
  readonly source: Source;
  readonly sink: MixSink;
  deafened: boolean;
  /** On the mixer's list of sources to be read. */
  awake = false;
  leaving = false;
  /** The next tick writes nothing for this listener. */
  arriving: boolean;
  /** The next tick writes the last packet for this listener. */
  departing = false;
  contributing = false;
  listening: Listening = SILENCE;
  silencePackets = 0;
  /** Ticks for which this listener's own mix has been the same as the shared one. */
  sameTicks = 0;

  constructor(source: Source, sink: MixSink, state: { readonly deafened: boolean; readonly arriving: boolean }) {
    this.source = source;
    this.sink = sink;
    this.deafened = state.deafened;
    this.arriving = state.arriving;
  }
}

/** What is behind a handle. */
export function placeOf(participant: MixParticipant): Place {
  return participant as Place;
}
