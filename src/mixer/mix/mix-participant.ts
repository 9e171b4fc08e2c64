/** A participant of a mixer: the opaque handle, and the mixer's own view. */
import type { Frame } from '../kernels/frame.ts';
import type { Source } from '../source/source.ts';
import { Hearing } from './hearing.ts';
import type { MixStream } from './mix-stream.ts';

declare const handle: unique symbol;

/** A handle from `Mixer.add`. Only that mixer can use it; to everyone else it is opaque. */
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

export interface ParticipantOptions {
  readonly sink: MixSink;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** The positive integer that identifies this voice in hearings; without it, no hearing can refer to the voice. */
  readonly voice?: number;
  /** Gains of other voices for this listener; see `Mixer.setHearing`. */
  readonly hearing?: ReadonlyMap<number, number>;
  /**
   * The listener moved here from another room. In the next tick they hear what `dismiss` leaves them there; from the
   * tick after that they hear this room.
   */
  readonly arriving?: boolean;
}

const NAMELESS = 0;

/** What a listener's decoder is in sync with. */
export type Listening =
  | { readonly to: 'silence' }
  | { readonly to: 'shared' }
  | { readonly to: 'own'; readonly stream: MixStream };

export const SILENCE: Listening = { to: 'silence' };
export const SHARED: Listening = { to: 'shared' };

/** What a listener hears in one tick: nothing, only voices that start in it, or also voices that were heard before. */
export type Heard = 'nothing' | 'beginnings' | 'more';

/** A source and a listener, visible only to the mixer and its tests. */
export class Place implements MixParticipant {
  declare readonly [handle]: true;
  readonly source: Source;
  readonly sink: MixSink;
  /** The number that identifies this voice in hearings, in all parts of the room. */
  readonly voice: number;
  readonly hearing: Hearing;
  deafened: boolean;
  /** In the mixer's list of sources to read. */
  awake = false;
  leaving = false;
  /** The next tick writes nothing for this listener. */
  arriving: boolean;
  /** The next tick writes the last packet for this listener. */
  departing = false;
  /** Sounds in this tick, and did in the one before. */
  contributing = false;
  soundedBefore = false;
  /** What this listener hears in this tick. */
  heard: Heard = 'nothing';
  /** Whether this listener has a gain for any voice in it. */
  isPersonal = false;
  /** It differs from the shared mix. */
  differs = false;
  listening: Listening = SILENCE;
  silencePackets = 0;
  /** Ticks for which this listener's own mix has equalled the shared one. */
  sameTicks = 0;

  constructor(source: Source, { sink, voice = NAMELESS, deafened, hearing, arriving = false }: ParticipantOptions) {
    this.source = source;
    this.sink = sink;
    this.voice = voice;
    this.hearing = new Hearing(hearing);
    this.deafened = deafened;
    this.arriving = arriving;
  }

  /** What the source sounds like in this tick, while it is contributing. */
  get frame(): Frame {
    return this.source.frame;
  }
}

/** The slot behind a handle. */
export function placeOf(participant: MixParticipant): Place {
  return participant as Place;
}
