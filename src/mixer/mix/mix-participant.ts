/** A participant of a mixer: the opaque handle, and the mixer's own view. */
import type { Frame } from '../kernels/frame.ts';
import type { LinkKind, MixSource, Sides, SourceKind } from '../source/mix-source.ts';
import type { MusicLoudness } from '../source/music-level.ts';
import type { Audience, ListeningToAudience } from './audience.ts';
import type { ChannelSet } from './channel-set.ts';
import type { Contributor } from './contributor.ts';
import type { Ears } from './ears.ts';
import type { EarsGroup } from './ears-group.ts';
import { Hearing } from './hearing.ts';
import type { MixStream } from './mix-stream.ts';
import { type Address, TO_ROOM } from './voice-path.ts';

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
  /** A voice by default. */
  readonly kind?: SourceKind | LinkKind;
  /** Of music; unchanged by default. */
  readonly loudness?: MusicLoudness | undefined;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** The positive integer that identifies this voice in hearings; without it, no hearing can refer to the voice. */
  readonly voice?: number;
  /** Where the voice goes; to everyone in the room by default. See `Mixer.setAddress`. */
  readonly address?: Address;
  /** What the listener hears; only the room itself by default. See `Mixer.setChannels`. */
  readonly channels?: ChannelSet;
  /** Gains of other voices for this listener; see `Mixer.setHearing`. */
  readonly hearing?: ReadonlyMap<number, number>;
  /**
   * The listener moved here from another room. In the next tick they hear what `dismiss` leaves them there; from the
   * tick after that they hear this room.
   */
  readonly arriving?: boolean;
  /** The listener's client plays stereo; what is heard in space may be sent in stereo. */
  readonly takesStereo?: boolean;
}

const NAMELESS = 0;
/** The slot of a voice that is not in space. */
export const NO_SLOT = -1;

/** What a listener's decoder is in sync with. */
export type Listening =
  | { readonly to: 'silence' }
  | ListeningToAudience
  /** The stream of all listeners with the same ears. */
  | { readonly to: 'group'; readonly group: EarsGroup }
  /** The packets of the lone talker, as they come. */
  | { readonly to: 'passed' }
  | { readonly to: 'own'; readonly stream: MixStream };

export const SILENCE: Listening = { to: 'silence' };
export const PASSED: Listening = { to: 'passed' };

/** What a listener hears in one tick: nothing, only voices that start in it, or also voices that were heard before. */
export type Heard = 'nothing' | 'beginnings' | 'more';

/** A source and a listener, visible only to the mixer and its tests. */
export class Place implements MixParticipant, Contributor {
  declare readonly [handle]: true;
  // These two fields are all that most listeners need in a tick, so they come first, side by side.
  readonly sink: MixSink;
  /**
   * The audience whose packets this listener keeps getting while nothing about the listener changes. Code that changes
   * something sets it to undefined; the next tick looks at everything again.
   */
  steady: Audience | undefined;
  readonly source: MixSource;
  readonly isMusic: boolean;
  /** It stands for another mixer with which this one shares the room. */
  readonly isLink: boolean;
  /** The number that identifies this voice in hearings, in all parts of the room. */
  readonly voice: number;
  readonly hearing: Hearing;
  /** Where the voice goes from this tick on, and where it went in the previous one. */
  address: Address;
  addressBefore: Address;
  /** As asked for; voices and ears with a place use space instead of the room itself. */
  wantedAddress: Address;
  settledAddress: Address;
  wantedChannels: ChannelSet;
  /** The slot of the voice's body while it is in space, otherwise `NO_SLOT`. */
  slot = NO_SLOT;
  /** With what this listener hears in space, and those who share it. */
  ears: Ears | undefined;
  group: EarsGroup | undefined;
  /** What these ears hear fades in this tick, which is their last. */
  endsEars = false;
  readonly takesStereo: boolean;
  /** What is heard in space in this tick. */
  heardInSpace: Heard = 'nothing';
  /** The last packet contained what was heard in space. */
  heardSpace = false;
  /** The listeners who hear the same channels, and the channels heard in the previous tick. */
  audience: Audience;
  channelsBefore: ChannelSet;
  /** The audience of the previous tick was in stereo. */
  stereoBefore: boolean;
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
  /** Whether the sum of the audience contains this participant's own voice. */
  isInSum = false;
  /** It differs from the mix of the audience. */
  differs = false;
  listening: Listening = SILENCE;
  silencePackets = 0;
  /** Ticks for which this listener's own mix has equalled that of the audience. */
  sameTicks = 0;

  constructor(source: MixSource, audience: Audience, options: ParticipantOptions) {
    const { sink, voice = NAMELESS, deafened, hearing, address = TO_ROOM, arriving = false } = options;
    this.source = source;
    this.isMusic = options.kind === 'music';
    this.isLink = options.kind === 'leaf' || options.kind === 'home';
    this.audience = audience;
    this.channelsBefore = audience.channels;
    this.stereoBefore = audience.isStereo;
    this.address = address;
    this.addressBefore = address;
    this.wantedAddress = address;
    this.settledAddress = address;
    this.wantedChannels = audience.channels;
    this.takesStereo = options.takesStereo ?? false;
    this.sink = sink;
    this.voice = voice;
    this.hearing = new Hearing(hearing);
    this.deafened = deafened;
    this.arriving = arriving;
  }

  /** The tick is over, since which the voice goes elsewhere or the listener hears other channels. */
  endMove(): void {
    this.addressBefore = this.address;
    this.channelsBefore = this.audience.channels;
    this.stereoBefore = this.audience.isStereo;
  }

  /** What the source sounds like in this tick, while it is contributing. */
  get frame(): Frame {
    return this.source.frame;
  }

  get sides(): Sides | undefined {
    return this.source.sides;
  }

  get loudnessDbov(): number {
    return this.source.loudnessDbov;
  }

  get isEnding(): boolean {
    return !this.source.sounding;
  }
}

/** The slot behind a handle. */
export function placeOf(participant: MixParticipant): Place {
  return participant as Place;
}
