/** A participant of a mixer: the opaque handle, and the mixer's own view. */
import type { Source } from '../source/source.ts';
import type { MixStream } from './mix-stream.ts';

declare const handle: unique symbol;

/** A handle from `Mixer.add`, which only the same mixer can use and nobody else looks into. */
export interface MixParticipant {
  readonly [handle]: true;
}

/** What callers may see of a speaker, valid during a visit. */
export interface Speaker {
  readonly levelDbov: number;
  /** Whether the talker limit lets them be heard. */
  readonly admitted: boolean;
  readonly jitterBufferDelayMs: number;
}

/** The destination of a listener's packets. */
export interface MixSink {
  /**
   * @param timestamp RTP timestamp of the mix, the same for all listeners of a room
   * @param marker first packet after a silence (RFC 7587 section 4.2)
   */
  write(payload: Uint8Array, timestamp: number, marker: boolean): void;
}

/** What a listener's decoder is in sync with. */
export type Listening =
  | { readonly to: 'silence' }
  | { readonly to: 'shared' }
  | { readonly to: 'own'; readonly stream: MixStream };

export const SILENCE: Listening = { to: 'silence' };
export const SHARED: Listening = { to: 'shared' };

/** A source and a listener, visible only to the mixer and its tests. */
export class Place implements MixParticipant {
  declare readonly [handle]: true;
  readonly source: Source;
  readonly sink: MixSink;
  deafened: boolean;
  /** In the mixer's list of sources to read. */
  awake = false;
  leaving = false;
  /** The next tick writes nothing for this listener. */
  arriving: boolean;
  /** The next tick writes the last packet for this listener. */
  departing = false;
  contributing = false;
  listening: Listening = SILENCE;
  silencePackets = 0;
  /** Ticks for which this listener's own mix has equalled the shared one. */
  sameTicks = 0;

  constructor(source: Source, sink: MixSink, state: { readonly deafened: boolean; readonly arriving: boolean }) {
    this.source = source;
    this.sink = sink;
    this.deafened = state.deafened;
    this.arriving = state.arriving;
  }
}

/** The place behind a handle. */
export function placeOf(participant: MixParticipant): Place {
  return participant as Place;
}
