import * as fc from 'fast-check';
import { test } from 'tap';
import {
  DEPTH,
  type Direction,
  isWallBetween,
  type Place,
  startPlace,
  WALL,
  WIDTH,
  walk,
} from '../../examples/web-game/world.ts';

const CENTRE = { x: (WALL.left + WALL.right) / 2, z: (WALL.top + WALL.bottom) / 2 };

const direction: fc.Arbitrary<Direction> = fc.record({ x: fc.constantFrom(-1, 0, 1), z: fc.constantFrom(-1, 0, 1) });
const place: fc.Arbitrary<Place> = fc.record({
  x: fc.double({ min: 0, max: WIDTH, noNaN: true }),
  z: fc.double({ min: 0, max: DEPTH, noNaN: true }),
});

function isInWall({ x, z }: Place): boolean {
  return x >= WALL.left && x <= WALL.right && z >= WALL.top && z <= WALL.bottom;
}

test('nobody leaves the map or enters the wall, however they walk', async (t) => {
  fc.assert(
    fc.property(fc.nat(60), fc.array(direction, { maxLength: 400 }), (number, directions) => {
      let at = startPlace(number);
      return directions.every((wanted) => {
        const before = at;
        at = walk(at, wanted, 0.05);
        const step = Math.hypot(at.x - before.x, at.z - before.z);
        return !isInWall(at) && at.x > 0 && at.x < WIDTH && at.z > 0 && at.z < DEPTH && step < 0.301;
      });
    }),
  );
  t.pass();
});

test('the wall is between two people if any point between them is in it', async (t) => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      const points = Array.from({ length: 1001 }, (_, i) => i / 1000);
      const meets = points.some((part) => isInWall({ x: a.x + (b.x - a.x) * part, z: a.z + (b.z - a.z) * part }));
      // A corner may be cut between two points.
      return isWallBetween(a, b) === isWallBetween(b, a) && (!meets || isWallBetween(a, b));
    }),
  );
  t.equal(isWallBetween({ ...CENTRE, x: 20 }, { ...CENTRE, x: 40 }), true);
  t.equal(isWallBetween({ x: 20, z: WALL.top - 1 }, { x: 40, z: WALL.top - 1 }), false);
  t.equal(isWallBetween({ ...CENTRE, x: 20 }, { ...CENTRE, x: 25 }), false);
});
