import { test } from 'tap';
import { PositionFrames } from '../../../src/admin/control/position-frame.ts';
import { positionFrame } from '../../helpers/position-frame.ts';

const nameOf = (number: number) => (number < 3 ? `player-${number}` : undefined);

test('a frame is read as it was written, in both forms', async (t) => {
  const frames = new PositionFrames();
  const short = positionFrame([{ number: 2, at: [1.5, -2, 3e5], yaw: -90 }], 4_000_000_000);
  t.equal(short.length, 24);
  t.equal(frames.read(short, nameOf), 1);
  t.equal(frames.timeMs, 4_000_000_000);
  const { yaw, ...rest } = frames.placements[0]!;
  t.same(rest, { player: 'player-2', x: 1.5, y: -2, z: 3e5, pitch: 0, jump: false });
  t.ok(Math.abs(yaw + 90) < 0.01);
  const long = positionFrame([
    { number: 0, at: [0, 0, 0], pitch: 30, jump: true },
    { number: 1, at: [1, 1, 1] },
  ]);
  t.equal(long.length, 48);
  t.equal(frames.read(long, nameOf), 2);
  t.ok(Math.abs(frames.placements[0]!.pitch - 30) < 0.01 && frames.placements[0]!.jump);
  t.notOk(frames.placements[1]!.jump);
});

test('a wrong frame is refused, and the error names the entry', async (t) => {
  const good = () =>
    positionFrame([
      { number: 1, at: [1, 2, 3] },
      { number: 2, at: [4, 5, 6] },
    ]);
  const with_ = (change: (frame: Buffer) => void) => {
    const frame = good();
    change(frame);
    return frame;
  };
  for (const [frame, message] of [
    [Buffer.alloc(0), /shorter than its header/],
    [good().subarray(0, 39), /40 bytes, not 39/],
    [Buffer.concat([good(), Buffer.alloc(1)]), /40 bytes, not 41/],
    [with_((bytes) => bytes.writeUInt8(2, 0)), /version 2/],
    [with_((bytes) => bytes.writeUInt8(4, 1)), /flags 4/],
    [with_((bytes) => bytes.writeUInt16LE(1001, 2)), /at most 1000/],
    [with_((bytes) => bytes.writeUInt16LE(7, 24)), /"positions.1": no player has the number 7/],
    [with_((bytes) => bytes.writeFloatLE(Number.NaN, 12)), /"positions.0": a coordinate/],
    [with_((bytes) => bytes.writeFloatLE(1e30, 36)), /"positions.1": a coordinate/],
  ] as const) {
    t.throws(() => new PositionFrames().read(frame, nameOf), { code: 'invalid_request', message });
  }
});
