/** Shows a room's packets to a recorder: what members send, before the jitter buffer, and the mix that listeners get. */
import type { VoicePacket } from '../../formats/voice-packet.ts';
import type { Clock, Millis } from '../../lib/clock.ts';
import type { MixSink } from '../../mixer/mix/mix-participant.ts';
import type { TapRecordWriter } from '../link/tap-records.ts';
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
  readonly #roomId: number;
  readonly #records: TapRecordWriter;
  readonly #clock: Clock;

  constructor({ roomId, voices, mix, live = false, records, clock, post }: RoomTapOptions) {
    this.#postLive = live ? post : undefined;
    this.#roomId = roomId;
    this.voices = voices;
    this.mix = mix;
    this.#records = records;
    this.#clock = clock;
  }

  /**
   * A packet that a member sends to everybody in the room.
   * @param stream changes with each new RTP stream of the member
   */
  heard(memberId: number, stream: number, { timestamp, payload, levelDbov }: VoicePacket, nowMs: Millis): void {
    if (!this.voices) return;
    const roomId = this.#roomId;
    this.#records.add({ roomId, memberId, stream, arrivalMs: nowMs, timestamp, levelDbov, payload });
    this.#postLive?.();
  }

  write(payload: Uint8Array, timestamp: number): void {
    const arrivalMs = this.#clock.now();
    const roomId = this.#roomId;
    this.#records.add({ roomId, memberId: 0, stream: 0, arrivalMs, timestamp, levelDbov: null, payload });
  }
}
