import fc from 'fast-check';
import { test } from 'tap';
import { earsOf, isInEarshot, pairGains } from '../../../src/mixer/space/pair.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3103);
const db = (gain: number) => 20 * Math.log10(gain);

function gainsIn(world: World, voice = 1, ears = 0, settings = DEFAULT_SPACE): number[] {
  const out = new Float32Array(4);
  const loudest = pairGains(world.read(), voice, ears, settings, 1, out);
  return [...out, loudest];
}

const close = (one: number, other: number, within = 0.02) => Math.abs(one - other) < within;

test('left, right, behind and above, for every way of looking', async (t) => {
  // Looking along -z at 0 degrees and along +x at 90 degrees, clockwise from above.
  for (const yaw of [0, 90, 180, 270, 33]) {
    const world = new World();
    world.put(0, { yaw });
    const [sin, cos] = [Math.sin((yaw * Math.PI) / 180), Math.cos((yaw * Math.PI) / 180)];
    const put = (right: number, ahead: number) =>
      world.put(1, { at: [right * cos + ahead * sin, 0, right * sin - ahead * cos] });
    put(0, 2);
    t.ok(
      gainsIn(world).every((gain) => close(gain, 1)),
      `in front at ${yaw} degrees`,
    );
    put(2, 0);
    t.ok(close(db(gainsIn(world)[0]!), -8, 0.05) && close(gainsIn(world)[2]!, 1), 'right');
    put(-2, 0);
    t.ok(close(gainsIn(world)[0]!, 1) && close(db(gainsIn(world)[3]!), -18, 0.1), 'left');
    put(0, -2);
    t.ok(close(db(gainsIn(world)[1]!), -4, 0.05) && close(gainsIn(world)[0]!, 1), 'behind');
    world.put(1, { at: [0, 2, 0] });
    t.ok(
      gainsIn(world).every((gain) => close(gain, 1)),
      'above',
    );
  }
});

test('walls, vehicles and turned heads make a voice quieter and duller', async (t) => {
  const world = new World();
  world.put(0, {});
  world.put(1, { at: [0, 0, -2] });
  world.writer.setPair(1, 0, 1);
  t.ok(close(db(gainsIn(world)[0]!), -8, 0.05) && close(db(gainsIn(world)[1]!), -30, 0.05), 'a wall');
  world.writer.setPair(1, 0, 0);
  world.put(1, { at: [0, 0, -2], enclosure: 4 });
  t.ok(close(db(gainsIn(world)[0]!), -6, 0.05) && close(db(gainsIn(world)[1]!), -18, 0.05), 'in a vehicle');
  world.put(0, { enclosure: 5 });
  t.ok(close(db(gainsIn(world)[0]!), -12, 0.05), 'in two vehicles');
  world.put(0, { enclosure: 4 });
  t.ok(close(gainsIn(world)[1]!, 1), 'in the same vehicle');
  world.put(0, {});
  world.put(1, { at: [0, 0, -2], yaw: 0 });
  const cone = { ...DEFAULT_SPACE, cone: true };
  const turned = gainsIn(world, 1, 0, cone);
  t.ok(close(turned[0]!, 0.7) && close(turned[1]!, 0.4), 'turned away');
  world.put(1, { at: [0, 0, -2], yaw: 180 });
  t.ok(close(gainsIn(world, 1, 0, cone)[1]!, 1), 'facing the listener');
});

test('a voice out of range, in another layer or without a place is not heard', async (t) => {
  const world = new World();
  world.put(0, {});
  world.put(1, { at: [19, 0, 0] });
  t.ok(gainsIn(world)[4]! > 0);
  world.put(1, { at: [20, 0, 0] });
  t.strictSame(gainsIn(world), [0, 0, 0, 0, 0]);
  world.put(1, { at: [30, 0, 0], range: 50 });
  t.ok(gainsIn(world)[4]! > 0, 'the range of the voice counts');
  world.put(1, { layers: 2 });
  t.strictSame(gainsIn(world), [0, 0, 0, 0, 0]);
  world.put(0, { hears: 3 });
  t.ok(gainsIn(world)[4]! > 0);
  world.put(1, { layers: 2, placed: false });
  t.notOk(isInEarshot(world.read(), 1, 0, 1));
});

test('a spectator has the ears of another', async (t) => {
  const world = new World();
  world.put(0, {});
  world.put(1, { earsOf: 0 });
  t.equal(earsOf(world.read(), 0), 0);
  t.equal(earsOf(world.read(), 1), 0);
});

test('for any places, gains are finite, at most 1, and the same when everybody moves or turns together', async (t) => {
  t.comment(`SEED=${SEED}`);
  const coordinate = fc.double({ min: -60, max: 60, noNaN: true });
  const point = fc.tuple(coordinate, coordinate, coordinate);
  const angle = fc.double({ min: -720, max: 720, noNaN: true });
  fc.assert(
    fc.property(point, point, angle, angle, point, (mouth, ears, yaw, turn, shift) => {
      const world = new World();
      world.put(0, { at: ears, yaw });
      world.put(1, { at: mouth, range: 100 });
      const before = gainsIn(world);
      const rotated = ([x, y, z]: readonly [number, number, number]): [number, number, number] => {
        const [sin, cos] = [Math.sin((turn * Math.PI) / 180), Math.cos((turn * Math.PI) / 180)];
        return [x * cos - z * sin + shift[0], y + shift[1], x * sin + z * cos + shift[2]];
      };
      world.put(0, { at: rotated(ears), yaw: yaw + turn });
      world.put(1, { at: rotated(mouth), range: 100 });
      const after = gainsIn(world);
      return before.every((gain, i) => Number.isFinite(gain) && gain <= 1 && close(gain, after[i]!, 0.002));
    }),
    { seed: SEED },
  );
});
