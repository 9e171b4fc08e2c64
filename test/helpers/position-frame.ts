/** A player in a binary frame of positions. Angles are in degrees. */
export interface FramePosition {
  readonly number: number;
  readonly at: readonly [number, number, number];
  readonly yaw?: number;
  readonly pitch?: number;
  readonly jump?: boolean;
}

const UNITS = 32_767 / 180;

/** Writes positions as game servers do, the short form unless one has a pitch or a jump. */
export function positionFrame(positions: readonly FramePosition[], timeMs = 0): Buffer {
  const isLong = positions.some(({ pitch, jump }) => pitch !== undefined || jump !== undefined);
  const bytes = isLong ? 20 : 16;
  const frame = Buffer.alloc(8 + positions.length * bytes);
  frame.writeUInt8(1, 0);
  frame.writeUInt8(isLong ? 1 : 0, 1);
  frame.writeUInt16LE(positions.length, 2);
  frame.writeUInt32LE(timeMs, 4);
  for (const [index, { number, at, yaw = 0, pitch = 0, jump = false }] of positions.entries()) {
    const offset = 8 + index * bytes;
    frame.writeUInt16LE(number, offset);
    frame.writeInt16LE(Math.round(yaw * UNITS), offset + 2);
    for (const [axis, value] of at.entries()) frame.writeFloatLE(value, offset + 4 + 4 * axis);
    if (!isLong) continue;
    frame.writeInt16LE(Math.round(pitch * UNITS), offset + 16);
    frame.writeUInt16LE(jump ? 1 : 0, offset + 18);
  }
  return frame;
}
