/**
 * Positions in binary, little endian: a header of `u8` version 1, `u8` flags, `u16` number of players and `u32` time of
 * the game; then for each player `u16` number, `i16` yaw (180 degrees are 32767) and `f32` x, y, z. With flag 1, `i16`
 * pitch and `u16` bits follow; bit 0 is a jump.
 */
import { AppError } from '../../lib/errors.ts';
import { MAX_COORDINATE, MAX_ENTRIES } from '../../protocol/space.ts';
import type { Placement } from '../../rooms/space/body.ts';

const VERSION = 1;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 16;
const LONG_ENTRY_BYTES = 20;
const LONG = 1;
const JUMP = 1;
const DEGREES = 180 / 32_767;

/** Reads frames, and reuses the same entries for each. */
export class PositionFrames {
  readonly placements: Placement[] = [];
  /** The time of the last frame; 0 if it had none. */
  timeMs = 0;

  /**
   * Returns how many `placements` the frame has filled. Throws `invalid_request`, which names the wrong entry; then
   * `placements` must not be used.
   *
   * @param nameOf the player with a number
   */
  read(frame: Buffer, nameOf: (number: number) => string | undefined): number {
    if (frame.length < HEADER_BYTES) throw wrong('The frame is shorter than its header.');
    const [version, flags, count] = [frame.readUInt8(0), frame.readUInt8(1), frame.readUInt16LE(2)];
    if (version !== VERSION) throw wrong(`Unknown frame version ${version}.`);
    if ((flags & ~LONG) !== 0) throw wrong(`Unknown flags ${flags & ~LONG}.`);
    if (count > MAX_ENTRIES) throw wrong(`A frame may have at most ${MAX_ENTRIES} entries.`);
    const isLong = (flags & LONG) !== 0;
    const entryBytes = isLong ? LONG_ENTRY_BYTES : ENTRY_BYTES;
    if (frame.length !== HEADER_BYTES + count * entryBytes)
      throw wrong(
        `A frame with ${count} entries must have ${HEADER_BYTES + count * entryBytes} bytes, not ${frame.length}.`,
      );
    // Faster than the methods of a Buffer.
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    for (let index = 0; index < count; index++)
      this.#read(view, HEADER_BYTES + index * entryBytes, index, nameOf, isLong);
    this.timeMs = frame.readUInt32LE(4);
    return count;
  }

  #read(
    frame: DataView,
    at: number,
    index: number,
    nameOf: (number: number) => string | undefined,
    isLong: boolean,
  ): void {
    const number = frame.getUint16(at, true);
    const player = nameOf(number);
    if (player === undefined) throw wrong(`"positions.${index}": no player has the number ${number}.`);
    const placement = this.#placement(index);
    placement.player = player;
    placement.yaw = frame.getInt16(at + 2, true) * DEGREES;
    placement.x = coordinate(frame.getFloat32(at + 4, true), index);
    placement.y = coordinate(frame.getFloat32(at + 8, true), index);
    placement.z = coordinate(frame.getFloat32(at + 12, true), index);
    placement.pitch = isLong ? frame.getInt16(at + 16, true) * DEGREES : 0;
    placement.jump = isLong && (frame.getUint16(at + 18, true) & JUMP) !== 0;
  }

  #placement(index: number): Placement {
    let placement = this.placements[index];
    if (placement === undefined) {
      placement = { player: '', x: 0, y: 0, z: 0, yaw: 0, pitch: 0, jump: false };
      this.placements[index] = placement;
    }
    return placement;
  }
}

function coordinate(value: number, index: number): number {
  if (Math.abs(value) <= MAX_COORDINATE) return value;
  throw wrong(`"positions.${index}": a coordinate is not a number from -${MAX_COORDINATE} to ${MAX_COORDINATE}.`);
}

function wrong(detail: string): AppError {
  return new AppError('invalid_request', detail);
}
