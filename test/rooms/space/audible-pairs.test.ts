import { test } from 'tap';
import { createPrng } from '../../helpers/prng.ts';
import { spaceRoom } from '../../helpers/space-room.ts';

test('pairs are those whose voice is in range and in a layer that the other hears', async (t) => {
  const { room, join, update } = spaceRoom();
  for (const name of ['ada', 'ben', 'far', 'dead', 'camera']) join(name);
  update({
    rules: {},
    players: { ben: { range: 'shout' }, dead: { layers: ['dead'], hears: ['dead'] }, camera: { ears: 'ada' } },
    positions: [
      ['ada', 0, 0, 0],
      ['ben', 10, 0, 0],
      ['far', 40, 0, 0],
      ['dead', 1, 0, 0],
      ['camera', 2, 0, 0],
      ['nobody', 3, 0, 0],
    ],
  });
  const found = room.space.audiblePairs(100).map((pair) => pair.join(' > '));
  t.same(found.sort(), ['ada > ben', 'ben > ada', 'ben > far', 'camera > ada', 'camera > ben']);
  update({ rules: null });
  t.same(room.space.audiblePairs(100), []);
});

test('random players give the same pairs as comparing all with all, and in a crowd all get a turn', async (t) => {
  const seed = Number(process.env['SEED'] ?? 3141);
  t.comment(`SEED=${seed}`);
  const prng = createPrng(seed);
  const { room, join, update } = spaceRoom();
  const players = Array.from({ length: 60 }, (_, n) => ({
    name: `player-${n}`,
    at: [200 * prng(), 5 * prng(), 200 * prng()] as const,
    range: 1 + 60 * prng(),
  }));
  for (const { name } of players) join(name);
  update({
    rules: {},
    players: Object.fromEntries(players.map(({ name, range }) => [name, { range }])),
    positions: players.map(({ name, at }) => [name, ...at]),
  });
  const expected = players.flatMap((voice) =>
    players
      .filter((ears) => ears !== voice && Math.hypot(...voice.at.map((x, axis) => x - ears.at[axis]!)) < voice.range)
      .map((ears) => `${voice.name} > ${ears.name}`),
  );
  const names = (max: number) => room.space.audiblePairs(max).map((pair) => pair.join(' > '));
  t.ok(expected.length > 100, `${expected.length} pairs`);
  t.same(names(10_000).sort(), expected.sort());
  const seen = new Set<string>();
  for (let n = 0; n < 60; n++) {
    const some = names(50);
    t.ok(some.length <= 50);
    for (const pair of some) seen.add(pair.split(' > ')[0]!);
  }
  t.equal(seen.size, new Set(expected.map((pair) => pair.split(' > ')[0]!)).size);
});
