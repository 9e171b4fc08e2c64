/** Shows a room's packets to a recorder: what members send, before the jitter buffer, and the mix that listeners get. */
import type { VoicePacket } from '../../formats/voice-packet.ts';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { MixSink } from '../../mixer/mix/mix-participant.ts';
import type { TapRecord, TapRecordWriter } from '../link/tap-records.ts';
import type { RoomTapRequest } from '../plane.ts';

export interface RoomTapOptions extends RoomTapRequest {
  readonly roomId: number;
  readonly records: TapRecordWriter;
  readonly clock: Clock;
  /** Posts what is recorded so far. */
  readonly post: () => void;
}

/** As the sink of a listener without a voice, it costs the mixer what any listener costs who does not talk. */
export class RoomTap implements MixSink {
  readonly voices: boolean;
  readonly mix: boolean;
  readonly #postLive: (() => void) | undefined;
  /** One object for all packets. */
  readonly #record: { -readonly [K in keyof TapRecord]: TapRecord[K] };
  readonly #records: TapRecordWriter;
  readonly #clock: Clock;
  #cancelPost: Cancel | undefined;

  constructor({ roomId, voices, mix, live = false, records, clock, post }: RoomTapOptions) {
    this.#postLive = live ? post : undefined;
    this.voices = voices;
    this.mix = mix;
    this.#records = records;
    this.#clock = clock;
    const packet = { arrivalMs: 0, timestamp: 0, levelDbov: null, payload: new Uint8Array(0) };
    this.#record = { roomId, memberId: 0, stream: 0, ...packet };
  }

  /**
   * A packet that a member sends to everybody in the room.
   * @param stream changes with each new RTP stream of the member
   */
  heard(memberId: number, stream: number, { timestamp, payload, levelDbov }: VoicePacket, nowMs: Millis): void {
    if (!this.voices) return;
    this.#add(memberId, stream, nowMs, timestamp, levelDbov, payload);
    if (this.#postLive !== undefined) this.#postSoon(this.#postLive);
  }

  /** What comes together is posted together, because each message costs the control plane as much as several packets. */
  #postSoon(post: () => void): void {
    this.#cancelPost ??= this.#clock.setTimer(this.#clock.now(), () => {
      this.#cancelPost = undefined;
      post();
    });
  }

  /** Posts what waits, so that another tap may follow at once. */
  close(): void {
    if (this.#cancelPost === undefined) return;
    this.#cancelPost();
    this.#cancelPost = undefined;
    this.#postLive?.();
  }

  write(payload: Uint8Array, timestamp: number): void {
    this.#add(0, 0, this.#clock.now(), timestamp, null, payload);
  }

  #add(
    memberId: number,
    stream: number,
    arrivalMs: Millis,
    timestamp: number,
    levelDbov: number | null,
    payload: Uint8Array,
  ): void {
    const record = this.#record;
    record.memberId = memberId;
    record.stream = stream;
    record.arrivalMs = arrivalMs;
    record.timestamp = timestamp;
    record.levelDbov = levelDbov;
    record.payload = payload;
    this.#records.add(record);
  }
}
