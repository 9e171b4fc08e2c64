import { test } from 'tap';
import type { AppError } from '../../src/lib/errors.ts';
import { ALONE, type Directory, type Placement } from '../../src/rooms/ports.ts';
import { RoomPlacement } from '../../src/rooms/room-placement.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function setUp(answers: readonly Placement[]) {
  const clock = new FakeClock();
  const calls: string[] = [];
  let next = 0;
  const directory: Directory = {
    place: async (room) => {
      calls.push(`place ${room}`);
      return answers[Math.min(next++, answers.length - 1)]!;
    },
    opened: (room) => calls.push(`opened ${room}`),
    released: (room) => calls.push(`released ${room}`),
  };
  return { clock, calls, placement: new RoomPlacement(directory, clock) };
}

test('a server alone has every room', async () => {
  const placement = new RoomPlacement(ALONE, new FakeClock());
  await placement.place('hall', () => true);
  placement.opened('hall');
  placement.released('hall');
});

test('a room elsewhere is refused with the address of its server', async (t) => {
  const { placement } = setUp([{ at: 'elsewhere', url: 'wss://n2/ws' }]);
  const error = await placement.place('hall', () => true).catch((thrown: AppError) => thrown);
  t.match(error, { code: 'room_elsewhere', url: 'wss://n2/ws' });
});

test('while nobody knows, whoever joins waits, for six seconds at most', async (t) => {
  const unknown: Placement = { at: 'unknown', retryAfterMs: 500 };
  const { clock, calls, placement } = setUp([unknown, unknown, { at: 'here' }]);
  let isIn = false;
  const placed = placement
    .place('hall', () => true)
    .then(() => {
      isIn = true;
    });
  await settled();
  clock.advance(500);
  await settled();
  t.equal(isIn, false);
  clock.advance(500);
  await placed;
  t.equal(calls.length, 3);
  const never = setUp([unknown]);
  const refused = never.placement.place('hall', () => true).catch((thrown: AppError) => thrown);
  for (let i = 0; i < 20; i++) {
    await settled();
    never.clock.advance(500);
  }
  t.match(await refused, { code: 'server_busy', retryAfterMs: 500 });
  t.equal(never.calls.length, 13);
});

test('nobody waits for a client that has gone', async (t) => {
  const { placement, calls } = setUp([{ at: 'unknown', retryAfterMs: 500 }]);
  await placement.place('hall', () => false);
  t.equal(calls.length, 1);
});
