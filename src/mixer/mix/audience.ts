/**
 * The listeners in a room who hear the same channels, and the mix that they share. Listeners in stereo are an audience of
 * their own if one of the channels is not in the middle; otherwise there is no difference.
 */

import type { EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import type { Frame } from '../kernels/frame.ts';
import { ChannelSet } from './channel-set.ts';
import type { ChannelSounds } from './channel-sounds.ts';
import type { Contributor } from './contributor.ts';
import type { MixLink } from './mix-link.ts';
import { MixStream } from './mix-stream.ts';
import type { VoiceCopies } from './voice-copies.ts';
import { createPath, NO_PATH, type Side, type VoicePath } from './voice-path.ts';

/** What a listener on the audience's stream is in sync with. */
export interface ListeningToAudience {
  readonly to: 'shared';
  readonly audience: Audience;
}

export class Audience {
  readonly channels: ChannelSet;
  readonly listening: ListeningToAudience = { to: 'shared', audience: this };
  /** Number of listeners. */
  size = 0;
  /** The audience whose stream this one shares, because both hear the same; usually itself. */
  leader: Audience = this;
  /** Created since the last tick: nobody is in sync with its stream. */
  isNew = true;
  /** Ticks for which the stream has had the same mix as the leader that it could share. */
  sameTicks = 0;
  /** The leader whose stream this audience left in this tick, to continue in its own. */
  left: Audience | undefined;
  /** Those channels of the audience that sound in this tick. */
  #soundingLow = 0;
  #soundingHigh = 0;
  /** Those that turn others down. */
  #duckingLow = 0;
  #duckingHigh = 0;
  readonly #pool: CodecPool;
  readonly #stream: MixStream;
  /** Of one voice at a time. */
  readonly #path: VoicePath;
  #sum: Frame | undefined;
  /** Undefined while both sides are the same. */
  #right: Frame | undefined;
  /** The sides differ in this tick, for listeners in stereo: see `begin`. */
  #isWide = false;
  #voices = 0;

  constructor(pool: CodecPool, channels: ChannelSet, encoder: EncoderSettings) {
    this.#pool = pool;
    this.channels = channels;
    this.#path = createPath(channels);
    this.#stream = new MixStream(pool, encoder);
  }

  /** See `MixStream.retune`. */
  retune(encoder: EncoderSettings): void {
    this.#stream.retune(encoder);
  }

  /** The stream that its listeners share. */
  get stream(): MixStream {
    return this.leader.#stream;
  }

  /** Its listeners may be sent stereo. */
  get isStereo(): boolean {
    return this.#stream.channels === 2;
  }

  /** The sum of all voices that its listeners can hear in this tick, or its left side; valid if there are `voices`. */
  get sum(): Frame {
    return this.leader.#sum!;
  }

  /** The right side; the same frame as `sum` unless the sides differ. */
  get right(): Frame {
    return this.leader.#right ?? this.sum;
  }

  /** Number of voices in the sum, including those that fade. */
  get voices(): number {
    return this.leader.#voices;
  }

  get isSilent(): boolean {
    return this.#soundingLow === 0 && this.#soundingHigh === 0;
  }

  /** Nobody has heard anything from its own stream since the last silence. */
  get isAtRest(): boolean {
    return this.#stream.frames === 0;
  }

  /**
   * Begins a tick in which these channels sound.
   * @param wide channels that are not in the middle, or contain voices in stereo
   * @param ducking channels that turn others down
   */
  begin(low: number, high: number, wide = ChannelSet.NONE, ducking = ChannelSet.NONE): void {
    this.#duckingLow = this.channels.low & ducking.low;
    this.#duckingHigh = this.channels.high & ducking.high;
    this.#soundingLow = this.channels.low & low;
    this.#soundingHigh = this.channels.high & high;
    this.#isWide = this.isStereo && ((this.#soundingLow & wide.low) !== 0 || (this.#soundingHigh & wide.high) !== 0);
    this.left = undefined;
  }

  /** The same channels sound for both, from the same directions, so both hear the same. */
  hearsTheSameAs(other: Audience): boolean {
    return (
      this.#soundingLow === other.#soundingLow &&
      this.#soundingHigh === other.#soundingHigh &&
      this.#duckingLow === other.#duckingLow &&
      this.#duckingHigh === other.#duckingHigh &&
      this.#isWide === other.#isWide
    );
  }

  /** Whether this voice adds anything to the sum. */
  hears({ address, addressBefore, soundedBefore }: Contributor): boolean {
    if (address.channels.firstIn(this.channels) !== NO_PATH) return true;
    return soundedBefore && addressBefore.channels.firstIn(this.channels) !== NO_PATH;
  }

  /** Whether this audience's listeners may be sent the other's packets. */
  mayShareWith(other: Audience): boolean {
    return this.hearsTheSameAs(other) && (this.isStereo || !other.isStereo);
  }

  /** The frame that this voice adds to the sum, or to one side of it; undefined if it adds nothing. */
  frameOf(voice: Contributor, copies: VoiceCopies, side: Side = 'left'): Frame | undefined {
    const path = this.#path;
    path.before = voice.addressBefore.channels.firstIn(this.channels);
    path.now = voice.address.channels.firstIn(this.channels);
    path.side = this.#isWide ? side : 'both';
    path.sideBefore = path.side;
    return copies.frameOf(voice, path);
  }

  /** Sums the voices that these listeners hear. */
  sumUp(contributors: readonly Contributor[], copies: VoiceCopies): void {
    const { kernels } = this.#pool;
    this.#sum ??= kernels.frames.take();
    this.#voices = this.#sumSide(contributors, copies, this.#sum, 'left');
    if (this.#isWide) {
      this.#right ??= kernels.frames.take();
      this.#sumSide(contributors, copies, this.#right, 'right');
    } else if (this.#right !== undefined) {
      kernels.frames.release(this.#right);
      this.#right = undefined;
    }
  }

  /** Returns the number of voices. */
  #sumSide(contributors: readonly Contributor[], copies: VoiceCopies, sum: Frame, side: Side): number {
    let voices = 0;
    for (let i = 0; i < contributors.length; i++) {
      const frame = this.frameOf(contributors[i]!, copies, side);
      if (frame === undefined) continue;
      if (voices++ === 0) sum.samples.set(frame.samples);
      else this.#pool.kernels.add(sum, frame);
    }
    if (voices === 0) sum.samples.fill(0);
    return voices;
  }

  /** Adds what the other parts of the room published for this tick to the sum. */
  addLinked(link: MixLink, tick: number): void {
    this.#voices += link.add(tick, this.sum);
  }

  /** Adds voices from other parts of the room to the sum. */
  add(voices: Frame, count: number, { ducking }: ChannelSounds): void {
    if (count === 0) return;
    const { kernels } = this.#pool;
    ducking.addElsewhere(this.sum, voices, this.channels, kernels);
    if (this.right !== this.sum) ducking.addElsewhere(this.right, voices, this.channels, kernels);
    this.#voices += count;
  }

  /** See `MixStream.isBeside`. */
  isBeside(other: Audience): boolean {
    return this.#stream.isBeside(other.#stream);
  }

  /** One voice sounds, whose packets are passed on: the stream is silent, and there may be no sum. */
  passOn(): void {
    this.#stream.setSilent();
    this.#voices = 1;
  }

  setMix(): void {
    if (this.isStereo) this.#stream.setStereoMix(this.sum, this.right, this.#voices);
    else this.#stream.setMix(this.sum, this.#voices);
  }

  /** Continues in its own stream where the leader's was. */
  leaveLeader(): void {
    this.left = this.leader;
    this.leader = this;
    this.sameTicks = 0;
    this.#stream.takeOver(this.left.#stream, !this.left.isSilent);
  }

  /** Nobody hears anything in this tick. */
  rest(): void {
    this.leader = this;
    this.sameTicks = 0;
    this.#voices = 0;
    this.#stream.setSilent();
    this.releaseSum();
  }

  /** Shares the leader's stream from now on. */
  follow(leader: Audience): void {
    this.leader = leader;
    this.sameTicks = 0;
    this.#stream.setSilent();
    this.releaseSum();
  }

  close(): void {
    this.rest();
  }

  releaseSum(): void {
    const { frames } = this.#pool.kernels;
    if (this.#sum !== undefined) frames.release(this.#sum);
    if (this.#right !== undefined) frames.release(this.#right);
    this.#sum = undefined;
    this.#right = undefined;
  }
}
