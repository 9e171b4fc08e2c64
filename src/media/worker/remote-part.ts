/** Another part of the same room, mixed by another worker, as this part hears it. */
import type { Frame } from '../../mixer/kernels/frame.ts';
import type { Kernels } from '../../mixer/kernels/kernels.ts';
import type { Contributor } from '../../mixer/mix/contributor.ts';
import type { Hearing } from '../../mixer/mix/hearing.ts';
import type { Heard } from '../../mixer/mix/mix-participant.ts';
import { createStanding, type TalkerStanding } from '../../mixer/source/talker-places.ts';
import { MAX_VOICES, type MixRing } from '../link/mix-ring.ts';
import { MISSING } from '../link/ring-slots.ts';
import { RemoteVoices } from './remote-voices.ts';

/** A part that has published nothing for this long loses its talkers' places: its worker hangs or is gone. */
const STALE_TICKS = 10;

export class RemotePart {
  /** Identifies this part within its room, and is never reused. */
  readonly order: number;
  readonly #targeted: RemoteVoices;
  readonly #ring: MixRing;
  readonly #standing = createStanding();
  #standingAge = 0;
  readonly #read = createStanding();
  /** The sum of this tick as it was added, including any fade. */
  #sum: Frame;
  #spare: Frame;
  /** `bridged`: the worker is late, and its last frame fades out. `back`: its current frame fades in again. */
  #status: 'silent' | 'sounding' | 'bridged' | 'back' = 'silent';
  #missed = false;
  #tick = 0;
  #talkers = 0;
  /** The talkers of this tick and of the previous one that have frames of their own and so can be given gains. */
  #voices = new Int32Array(MAX_VOICES);
  #voicesBefore = new Int32Array(MAX_VOICES);
  #voiceCount = 0;
  #voiceCountBefore = 0;
  readonly #kernels: Kernels;

  constructor(ring: MixRing, kernels: Kernels) {
    this.#ring = ring;
    this.order = ring.order;
    this.#targeted = new RemoteVoices(ring.targeted, kernels);
    this.#kernels = kernels;
    this.#sum = kernels.frames.take();
    this.#spare = kernels.frames.take();
  }

  close(): void {
    this.#targeted.close();
    this.#kernels.frames.release(this.#sum);
    this.#kernels.frames.release(this.#spare);
  }

  /**
   * Adds the sum of this tick to `mix` and returns the number of talkers in it. Call this once per tick, before the
   * methods for single voices.
   */
  add(tick: number, mix: Frame): number {
    this.#tick = tick;
    [this.#voices, this.#voicesBefore] = [this.#voicesBefore, this.#voices];
    this.#voiceCountBefore = this.#voiceCount;
    const talkers = this.#ring.readMix(tick, this.#spare.samples);
    const voices = talkers > 0 ? this.#ring.readVoices(tick, this.#voices) : 0;
    this.#voiceCount = Math.max(0, voices);
    if (talkers === MISSING || voices === MISSING) this.#bridge();
    else this.#take(talkers);
    if (this.#status !== 'silent') this.#kernels.add(mix, this.#sum);
    return this.#talkers;
  }

  get hasTargeted(): boolean {
    return this.#targeted.count > 0;
  }

  /** See `MixLink.targeted`. */
  targeted(tick: number): readonly Contributor[] {
    return this.#targeted.read(tick);
  }

  /** Whether this hearing has a gain for any voice of this tick. */
  touches(hearing: Hearing): boolean {
    const isBridged = this.#status === 'bridged';
    const voices = isBridged ? this.#voicesBefore : this.#voices;
    const count = isBridged ? this.#voiceCountBefore : this.#voiceCount;
    for (let i = 0; i < count; i++) if (hearing.gainOf(voices[i]!) !== undefined) return true;
    return false;
  }

  heardBy(hearing: Hearing): Heard {
    if (this.#status === 'silent') return 'nothing';
    if (!this.touches(hearing)) return 'more';
    if (this.#status === 'bridged') return 'nothing';
    if (this.#talkers > this.#voiceCount) return 'more';
    let heard: Heard = 'nothing';
    for (let i = 0; i < this.#voiceCount; i++) {
      const gain = hearing.gainOf(this.#voices[i]!);
      const soundedBefore = this.#soundedBefore(this.#voices[i]!);
      if (soundedBefore && (gain === undefined || gain.from > 0)) return 'more';
      if (gain === undefined || gain.to > 0) heard = 'beginnings';
    }
    return heard;
  }

  /**
   * Adds each voice of this tick to `mix` with its gain in this hearing, and returns the number of audible ones. Adds
   * nothing if a voice can no longer be read, because this worker is several ticks late: the sum alone may contain a
   * voice that this listener has turned off.
   */
  addFor(hearing: Hearing, mix: Frame): number {
    const kernels = this.#kernels;
    if (this.#status === 'silent') return 0;
    if (!this.touches(hearing)) {
      kernels.add(mix, this.#sum);
      return this.#talkers;
    }
    // The voices in a fading sum can no longer be separated, and this listener may have silenced one of them.
    if (this.#status === 'bridged') return 0;
    const isBack = this.#status === 'back';
    const hasOthers = this.#talkers > this.#voiceCount;
    const sum = kernels.scratch('sum of another part');
    const voice = kernels.scratch('voice of another part');
    if (hasOthers) sum.samples.set(this.#sum.samples);
    else sum.samples.fill(0);
    let heard = this.#talkers - this.#voiceCount;
    for (let i = 0; i < this.#voiceCount; i++) {
      if (!this.#ring.readVoice(this.#tick, i, voice.samples)) return 0;
      const gain = hearing.gainOf(this.#voices[i]!);
      const to = gain?.to ?? 1;
      const from = this.#soundedBefore(this.#voices[i]!) ? (gain?.from ?? 1) : to;
      if (to > 0) heard++;
      // The sum already contains it with a gain of 1.
      const held = hasOthers ? 1 : 0;
      const start = isBack ? 0 : from - held;
      if (start !== 0 || to !== held) kernels.addRamped(sum, voice, start, to - held);
    }
    kernels.add(mix, sum);
    return heard;
  }

  /** The standing for this tick, or the last known one while the worker is late. */
  standing(tick: number): TalkerStanding {
    if (this.#ring.readStanding(tick, this.#read)) {
      copy(this.#standing, this.#read);
      this.#standingAge = 0;
    } else if (++this.#standingAge === STALE_TICKS) {
      this.#standing.places = 0;
      this.#standing.claims.fill(0);
    }
    return this.#standing;
  }

  #take(talkers: number): void {
    const isBack = this.#missed;
    this.#missed = false;
    this.#talkers = talkers;
    if (talkers === 0) {
      this.#status = 'silent';
      return;
    }
    this.#status = isBack ? 'back' : 'sounding';
    if (isBack) this.#kernels.ramp(this.#spare, 0, 1);
    [this.#sum, this.#spare] = [this.#spare, this.#sum];
  }

  /**
   * Its worker is late. Its last frame is played backwards, so that the samples join, and fades out; its next frame
   * fades in.
   */
  #bridge(): void {
    this.#missed = true;
    if (this.#status === 'silent' || this.#status === 'bridged') {
      this.#status = 'silent';
      this.#talkers = 0;
      return;
    }
    this.#status = 'bridged';
    this.#talkers = 1;
    this.#sum.samples.reverse();
    this.#kernels.ramp(this.#sum, 1, 0);
  }

  #soundedBefore(voice: number): boolean {
    for (let i = 0; i < this.#voiceCountBefore; i++) if (this.#voicesBefore[i] === voice) return true;
    return false;
  }
}

function copy(into: TalkerStanding, from: TalkerStanding): void {
  into.places = from.places;
  into.claims.set(from.claims);
}
