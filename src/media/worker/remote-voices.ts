/**
 * The voices of another part of the same room that not everyone hears, or the shouts of another room. To the mixer they
 * are like its own, one tick later: it finds out itself who hears them, and how.
 */
import { SILENCE_DBOV } from '../../mixer/format.ts';
import type { Frame } from '../../mixer/kernels/frame.ts';
import type { Kernels } from '../../mixer/kernels/kernels.ts';
import type { Contributor } from '../../mixer/mix/contributor.ts';
import { NO_SLOT } from '../../mixer/mix/mix-participant.ts';
import { type Address, NOWHERE, TO_ROOM } from '../../mixer/mix/voice-path.ts';
import { MISSING } from '../link/ring-slots.ts';
import type { TargetedRing } from '../link/targeted-ring.ts';

class RemoteVoice implements Contributor {
  readonly voice: number;
  readonly frame: Frame;
  address: Address = TO_ROOM;
  addressBefore: Address = TO_ROOM;
  soundedBefore = false;
  slot = NO_SLOT;
  loudnessDbov = SILENCE_DBOV;
  isEnding = false;
  /** It is in the last tick that was read. */
  isThere = true;

  constructor(voice: number, frame: Frame) {
    this.voice = voice;
    this.frame = frame;
  }

  /**
   * Its worker is late: its last frame is played backwards, so that the samples join, and it fades wherever it was
   * heard.
   */
  bridge(): void {
    this.frame.samples.reverse();
    this.addressBefore = this.address;
    this.address = NOWHERE;
    this.soundedBefore = true;
    this.slot = NO_SLOT;
    this.isEnding = true;
  }
}

export class RemoteVoices {
  readonly #ring: TargetedRing;
  readonly #kernels: Kernels;
  readonly #heardIn: Address | undefined;
  readonly #voices: RemoteVoice[] = [];
  /** What was there in the tick before is not known, so voices in mid-word fade in. */
  #missed = true;

  /** @param heardIn of another room: where its voices are heard in this one */
  constructor(ring: TargetedRing, kernels: Kernels, heardIn?: Address) {
    this.#ring = ring;
    this.#kernels = kernels;
    this.#heardIn = heardIn;
  }

  /** Number of voices in the tick that was read last. */
  get count(): number {
    return this.#voices.length;
  }

  /** The voices of this tick. Call it once per tick; what it returns is valid until the next call. */
  read(tick: number): readonly Contributor[] {
    const count = this.#ring.count(tick);
    if (count === MISSING) {
      this.#bridge();
      return this.#voices;
    }
    for (const voice of this.#voices) voice.isThere = false;
    for (let i = 0; i < count; i++) this.#readVoice(tick, i);
    // This worker is several ticks late: what was read may be of two ticks, and must not be heard.
    if (!this.#ring.holds(tick)) {
      this.#missed = true;
      this.close();
      return this.#voices;
    }
    this.#missed = false;
    this.#forgetOthers();
    return this.#voices;
  }

  /** Instead of `read`, once they are not wanted any more: they fade in the first tick, and are gone in the next. */
  end(): readonly Contributor[] {
    this.#bridge();
    return this.#voices;
  }

  close(): void {
    for (const { frame } of this.#voices) this.#kernels.frames.release(frame);
    this.#voices.length = 0;
  }

  #readVoice(tick: number, index: number): void {
    const ring = this.#ring;
    const number = ring.numberOf(tick, index);
    let voice = this.#voices.find((known) => known.voice === number);
    if (voice === undefined) {
      voice = new RemoteVoice(number, this.#kernels.frames.take());
      this.#voices.push(voice);
    }
    voice.isThere = true;
    voice.soundedBefore = ring.soundedBefore(tick, index);
    voice.isEnding = ring.isEnding(tick, index);
    voice.loudnessDbov = ring.loudnessDbov(tick, index);
    if (this.#heardIn === undefined) {
      voice.slot = ring.bodySlot(tick, index);
      voice.addressBefore = this.#missed ? NOWHERE : ring.addressBefore(tick, index, voice.address);
      voice.address = ring.address(tick, index, voice.address);
    } else {
      voice.addressBefore = this.#missed ? NOWHERE : this.#inThisRoom(ring.addressBefore(tick, index, TO_ROOM));
      voice.address = this.#inThisRoom(ring.address(tick, index, TO_ROOM));
    }
    ring.readFrame(tick, index, voice.frame.samples);
  }

  #inThisRoom(address: Address): Address {
    return address === TO_ROOM && this.#heardIn !== undefined ? this.#heardIn : NOWHERE;
  }

  #bridge(): void {
    // Those that have faded already are over.
    if (this.#missed) this.close();
    this.#missed = true;
    for (const voice of this.#voices) voice.bridge();
  }

  #forgetOthers(): void {
    for (let i = this.#voices.length - 1; i >= 0; i--) {
      const { isThere, frame } = this.#voices[i]!;
      if (isThere) continue;
      this.#kernels.frames.release(frame);
      this.#voices.splice(i, 1);
    }
  }
}
