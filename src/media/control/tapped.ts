import type { RoomCommand } from '../link/messages.ts';
import { forEachTapRecord, type TapRecord } from '../link/tap-records.ts';
import type { RoomTapRequest, RoomTapSink } from '../plane.ts';

/** A member counts its streams in 16 bits. */
const STREAMS_OF_A_MEMBER = 2 ** 16;

/** The taps of all rooms in one worker. */
export class WorkerTaps {
  readonly #sinks = new Map<number, RoomTapSink>();
  readonly #post: (command: RoomCommand) => void;

  constructor(post: (command: RoomCommand) => void) {
    this.#post = post;
  }

  /** Null ends the tap. */
  set(roomId: number, request: RoomTapRequest | null, sink: RoomTapSink): void {
    if (request === null) this.forget(roomId);
    else this.#sinks.set(roomId, sink);
    this.#post({ type: 'set_room_tap', roomId, tap: request });
  }

  /** The worker's part of the room is closed. */
  forget(roomId: number): void {
    this.#sinks.delete(roomId);
  }

  /** From the worker. */
  receive(records: Uint8Array): void {
    forEachTapRecord(records, (record) => {
      const sink = this.#sinks.get(record.roomId);
      if (sink !== undefined) show(record, sink);
    });
  }
}

function show({ memberId, stream, arrivalMs, timestamp, levelDbov, payload }: TapRecord, sink: RoomTapSink): void {
  if (memberId === 0) {
    sink.mix({ arrivalMs, timestamp, payload });
    return;
  }
  const uniqueStream = memberId * STREAMS_OF_A_MEMBER + stream;
  sink.voice({ seatId: memberId, stream: uniqueStream, arrivalMs, timestamp, levelDbov, payload });
}
