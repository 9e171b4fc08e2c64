import { randomInt } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Room } from '../../rooms/room.ts';
import { type LiveFormat, RoomStream } from './room-stream.ts';

/** One stream for each room to which somebody listens, whoever that is. */
export class RoomStreams {
  readonly #clock: Clock;
  readonly #streams = new Map<Room, RoomStream>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Plays a room as `RoomStream.play` does, until what this returns is called. */
  play(room: Room, format: LiveFormat, write: (bytes: Uint8Array) => void): () => void {
    const stream = this.#streams.get(room) ?? this.#open(room);
    const stop = stream.play(format, write);
    return () => {
      stop();
      if (!stream.isDeserted || this.#streams.get(room) !== stream) return;
      stream.close();
      this.#streams.delete(room);
    };
  }

  #open(room: Room): RoomStream {
    const stream = new RoomStream({ tap: room.taps.slot(), serial: randomInt(2 ** 32), clock: this.#clock });
    this.#streams.set(room, stream);
    return stream;
  }
}
