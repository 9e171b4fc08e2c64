/** A decrypted capture of one participant's media, across their seats, until it ends. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { Seat, TapSink } from '../media/plane.ts';

/** Why a capture ended. */
export type CaptureEnd =
  /** Its time is up. */
  | 'time'
  /** It has reached its maximum size. */
  | 'size'
  /** The participant has left the room. */
  | 'left'
  /** Its requester stopped it. */
  | 'stopped';

export interface CaptureOptions {
  readonly durationMs: Millis;
  /** Maximum size of all records together. */
  readonly maxBytes: number;
  /** Whole records of a capture file (`formats/pcap.ts`). */
  readonly records: (bytes: Uint8Array) => void;
  /** Called once; nothing follows. */
  readonly ended: (reason: CaptureEnd) => void;
}

export class Capture implements TapSink {
  readonly #options: CaptureOptions;
  readonly #cancelTimer: Cancel;
  #bytesLeft: number;
  #seat: Seat | undefined;
  #isOver = false;

  constructor(options: CaptureOptions, clock: Clock) {
    this.#options = options;
    this.#bytesLeft = options.maxBytes;
    this.#cancelTimer = clock.setTimer(clock.now() + options.durationMs, () => this.end('time'));
  }

  /** From now on, captures this seat. */
  follow(seat: Seat): void {
    if (this.#isOver) return;
    this.#seat?.stopRecording();
    this.#seat = seat;
    seat.record({ format: 'pcap', maxBytes: this.#bytesLeft }, this);
  }

  records(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#bytesLeft -= bytes.length;
    this.#options.records(bytes);
  }

  full(): void {
    this.end('size');
  }

  /** Idempotent. */
  end(reason: CaptureEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#seat?.stopRecording();
    this.#options.ended(reason);
  }
}
