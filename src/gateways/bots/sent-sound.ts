/** What a bot sends: it waits in its seat, and the bot learns how much of it has been played. */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { RelayedSeat } from '../../media/plane.ts';
import type { BotAnswer } from '../../protocol/bot-answers.ts';
import { FRAME_SAMPLES, type FrameKind, readFrame, samplesOf } from '../sound-frame.ts';
import type { FrameCodec, FrameEncoder } from './codec.ts';

const TELL_EVERY_MS: Millis = 500;
const SAMPLES_PER_MS = 48;
const MAX_MARKS = 100;

interface Mark {
  readonly name: string;
  /** It is played when so many samples are. */
  readonly at: number;
  /** What was before it has been forgotten. */
  cleared: boolean;
}

export interface SentSoundOptions {
  readonly kind: FrameKind;
  readonly codec: FrameCodec;
  readonly clock: Clock;
  readonly tell: (answer: BotAnswer) => void;
}

/** What became of a frame. */
export type FrameOutcome = 'queued' | 'malformed' | 'full' | 'lost';

export class SentSound {
  readonly #options: SentSoundOptions;
  readonly #encoder: FrameEncoder | undefined;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #seat: RelayedSeat | undefined;
  readonly #marks: Mark[] = [];
  #cancelTelling: Cancel | undefined;

  constructor(options: SentSoundOptions) {
    this.#options = options;
    this.#encoder = options.kind === 'pcm' ? options.codec.createEncoder() : undefined;
  }

  /** The bot has a seat, perhaps a new one. */
  seated(seat: RelayedSeat): void {
    this.forget();
    this.#seat = seat;
  }

  /** There is no seat any more, and what waited in it is lost. */
  forget(): void {
    this.#seat = undefined;
    for (const { name } of this.#marks.splice(0)) this.#options.tell({ type: 'mark', name, cleared: true });
  }

  receive(frame: Buffer): FrameOutcome {
    const payload = readFrame(frame, this.#options.kind);
    if (payload === null) return 'malformed';
    const seat = this.#seat;
    if (seat === undefined) {
      // A bot that waits for room goes on.
      this.#tellSoon();
      return 'lost';
    }
    if (!seat.enqueue(this.#encoded(payload))) return 'full';
    this.#tellSoon();
    return 'queued';
  }

  /** False if there are too many. */
  mark(name: string): boolean {
    if (this.#marks.length >= MAX_MARKS) return false;
    const at = this.#seat?.queuedSamples ?? 0;
    // Without a seat, what was before it is lost.
    this.#marks.push({ name, at, cleared: this.#seat === undefined });
    if (this.#seat === undefined || this.#seat.waitingSamples === 0) this.played(at);
    return true;
  }

  clear(): void {
    for (const mark of this.#marks) mark.cleared = true;
    this.#seat?.clearQueue();
  }

  /** So many samples of the queue have been played or cleared. */
  played(samples: number): void {
    while (this.#marks.length > 0 && this.#marks[0]!.at <= samples) {
      const { name, cleared } = this.#marks.shift()!;
      this.#options.tell({ type: 'mark', name, cleared });
    }
  }

  close(): void {
    this.#cancelTelling?.();
    this.#seat = undefined;
    this.#marks.length = 0;
  }

  #encoded(payload: Uint8Array): Uint8Array {
    if (this.#encoder === undefined) return payload;
    samplesOf(payload, this.#frame);
    return this.#encoder.encode(this.#frame);
  }

  #tellSoon(): void {
    const { clock, tell } = this.#options;
    this.#cancelTelling ??= clock.setTimer(clock.now() + TELL_EVERY_MS, () => {
      this.#cancelTelling = undefined;
      const waiting = this.#seat?.waitingSamples ?? 0;
      tell({ type: 'buffered', ms: Math.round(waiting / SAMPLES_PER_MS) });
      if (waiting > 0) this.#tellSoon();
    });
  }
}
