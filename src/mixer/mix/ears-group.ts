/**
 * Listeners with the same ears and the same channels, such as the spectators of one player and that player: they share
 * one mix and one encoder. What the owner of the ears says is part of it, because spectators hear it; the owner has an
 * own mix meanwhile.
 */
import type { CodecPool } from '../codec/codec-pool.ts';
import type { Audience } from './audience.ts';
import type { Ducking } from './ducking.ts';
import type { Ears, SpaceListener } from './ears.ts';
import { Hearing } from './hearing.ts';
import { MixStream } from './mix-stream.ts';
import type { RoomEncoders } from './room-encoders.ts';

/** A group hears every voice unchanged. */
const PLAIN = new Hearing();

export class EarsGroup {
  readonly ears: Ears;
  readonly audience: Audience;
  readonly isStereo: boolean;
  /** Number of members. */
  size = 0;
  readonly listening = { to: 'group', group: this } as const;
  readonly stream: MixStream;
  readonly #pool: CodecPool;
  #listener: SpaceListener | undefined;
  #tick = Number.NEGATIVE_INFINITY;

  constructor(pool: CodecPool, ears: Ears, audience: Audience, isStereo: boolean, encoders: RoomEncoders) {
    this.#pool = pool;
    this.ears = ears;
    this.audience = audience;
    this.isStereo = isStereo;
    this.stream = new MixStream(pool, isStereo ? encoders.stereo : encoders.own);
  }

  /** Makes the mix of this tick, once. */
  mix(tick: number, ducking: Ducking): void {
    if (this.#tick === tick) return;
    if (this.#tick !== tick - 1) this.stream.setSilent();
    this.#listener ??= { hearing: PLAIN, fadesIn: true, heard: this.audience.channels, ducking };
    const listener = this.#listener;
    listener.fadesIn = this.#tick !== tick - 1;
    this.#tick = tick;
    const { kernels } = this.#pool;
    const { voices } = this.audience;
    const left = kernels.scratch('space, left');
    if (voices > 0) left.samples.set(this.audience.sum.samples);
    else left.samples.fill(0);
    const own = this.ears.addOwnVoiceTo(left, listener, kernels);
    if (!this.isStereo) {
      const load = this.ears.addMonoTo(left, listener, kernels);
      this.stream.setMix(left, voices + own + load);
      return;
    }
    const right = kernels.scratch('space, right');
    if (voices > 0 && this.audience.right !== this.audience.sum) {
      right.samples.set(this.audience.right.samples);
      this.ears.addOwnVoiceTo(right, listener, kernels);
    } else right.samples.set(left.samples);
    const load = this.ears.addTo(left, right, listener, kernels);
    this.stream.setStereoMix(left, right, voices + own + load);
  }

  close(): void {
    this.stream.setSilent();
  }
}
