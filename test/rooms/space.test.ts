import { test } from 'tap';
import { EARS_COS, EARS_OF, FLOATS, MOUTH_X, PLACED, RANGE, WORDS } from '../../src/mixer/space/body-table.ts';
import { pairGains } from '../../src/mixer/space/pair.ts';
import { DEFAULT_SPACE } from '../../src/mixer/space/space-settings.ts';
import { spaceUpdateSchema } from '../../src/protocol/space.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import { cases } from '../helpers/cases.ts';
import { createPrng } from '../helpers/prng.ts';
import { spaceRoom } from '../helpers/space-room.ts';

test('a player who is placed has a body with their voice, whether they join before or after', async (t) => {
  const { plane, join, update, read } = spaceRoom();
  const before = join('ada');
  update({
    rules: {},
    players: { ada: { range: 'shout' }, ben: {} },
    positions: [
      ['ada', 1, 2, 3],
      ['ben', 4, 5, 6],
    ],
  });
  const after = join('ben');
  t.equal(plane.rooms[0]!.space?.voices, 8);
  const bodies = read();
  for (const [{ seatId }, place, range] of [
    [before, [1, 2, 3], 50],
    [after, [4, 5, 6], 20],
  ] as const) {
    const slot = bodies.slotOf(seatId)!;
    t.same([...bodies.floats.subarray(slot * FLOATS + MOUTH_X, slot * FLOATS + MOUTH_X + 3)], place);
    t.equal(bodies.floats[slot * FLOATS + RANGE], range);
    t.equal(bodies.words[slot * WORDS + PLACED], 1);
  }
  after.participant.leave('left');
  t.equal(read().slotOf(after.seatId), undefined);
  update({ players: { ada: null } });
  t.equal(read().slotOf(before.seatId), undefined);
  update({ rules: null });
  t.equal(plane.rooms[0]!.space, null);
});

test('left and right are the same in the axes of every engine', async (t) => {
  // Somebody who looks forward, and a voice on the right, 3 metres away.
  for (const [axes, metresPerUnit, right] of [
    ['godot', 1, [3, 0, 0]],
    ['unity', 1, [3, 0, 0]],
    ['unreal', 0.01, [0, 300, 0]],
    ['source', 0.0254, [0, -3 / 0.0254, 0]],
  ] as const) {
    const { join, update, read } = spaceRoom();
    const [ears, voice] = [join('ears'), join('voice')];
    update({
      rules: { axes, metresPerUnit },
      positions: [
        ['ears', 0, 0, 0],
        ['voice', ...right],
      ],
    });
    const gains = () => {
      const out = new Float32Array(4);
      const bodies = read();
      pairGains(bodies, bodies.slotOf(voice.seatId)!, bodies.slotOf(ears.seatId)!, DEFAULT_SPACE, 1, out);
      return out;
    };
    t.ok(Math.abs(gains()[2]! - 2 / 3) < 0.01 && gains()[0]! < 0.3, `${axes}: on the right`);
    update({ positions: [['ears', 0, 0, 0, 90]] });
    t.ok(Math.abs(gains()[0]! - gains()[2]!) < 0.01, `${axes}: in front after turning clockwise`);
  }
});

test('layers, enclosures and spectators', async (t) => {
  const { join, update, read } = spaceRoom();
  const [alive, dead, spectator] = [join('alive'), join('dead'), join('spectator')];
  update({
    rules: {},
    players: {
      spectator: { ears: 'alive' },
      alive: { layers: ['alive'], hears: ['alive'] },
      dead: { layers: ['dead'], hears: ['dead', 'alive'] },
    },
    positions: [
      ['alive', 0, 0, 0],
      ['dead', 1, 0, 0],
    ],
  });
  const bodies = read();
  const slot = ({ seatId }: typeof alive) => bodies.slotOf(seatId)!;
  const hears = (voice: typeof alive, ears: typeof alive) =>
    pairGains(bodies, slot(voice), slot(ears), DEFAULT_SPACE, 1, new Float32Array(4)) > 0;
  t.ok(hears(alive, dead));
  t.notOk(hears(dead, alive));
  t.equal(bodies.words[slot(spectator) * WORDS + EARS_OF], slot(alive));
  t.equal(bodies.floats[slot(dead) * FLOATS + EARS_COS], 1);
});

test('the players of a room can use 31 layers at a time, and layers that nobody uses any more make room for others', async (t) => {
  const { join, update, read } = spaceRoom();
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const people = ['ada', 'ben'].map((name) => join(name));
  update({
    rules: {},
    positions: [
      ['ada', 0, 0, 0],
      ['ben', 1, 0, 0],
    ],
  });
  const hears = ([voice, ears] = people) => {
    const bodies = read();
    const slots = [voice!, ears!].map(({ seatId }) => bodies.slotOf(seatId)!) as [number, number];
    return pairGains(bodies, ...slots, DEFAULT_SPACE, 1, new Float32Array(4)) > 0;
  };
  update({
    players: { ada: { layers: names('a', 15) }, ben: { hears: names('b', 15) }, carl: { layers: ['a-3', 'c'] } },
  });
  t.notOk(hears());
  t.throws(() => update({ players: { carl: { layers: ['c', 'one-more'] } }, positions: [['ada', 99, 0, 0]] }), {
    code: 'invalid_request',
    message: /"players\.carl": .* at most 31 layers/,
  });
  t.equal(read().floats[read().slotOf(people[0]!.seatId)! * FLOATS + MOUTH_X], 0, 'nothing has changed');
  update({ players: { carl: { layers: ['a-3', 'b-14'] } } });
  // Every player of the next match is in other layers.
  for (let match = 0; match < 5; match++) {
    const layers = names(`match-${match}`, 31);
    const own = [layers[match]!];
    update({ players: { ada: { layers: own, hears: layers }, ben: { hears: own }, carl: null } });
    t.ok(hears(), `match ${match}`);
    update({ players: { ben: { hears: layers.filter((layer) => layer !== own[0]) } } });
    t.notOk(hears(), `match ${match}`);
  }
});

test('a wrong request changes nothing, and says which entry is wrong', async (t) => {
  const { join, update, read } = spaceRoom();
  const ada = join('ada');
  t.throws(() => update({ positions: [['ada', 1, 2, 3]] }), { code: 'no_space' });
  update({ rules: {}, positions: [['ada', 1, 2, 3]] });
  t.throws(() => update({ players: { ada: { range: 'scream' } }, positions: [['ada', 9, 9, 9]] }), {
    message: /players\.ada\.range.*scream/,
  });
  for (const range of ['constructor', 'toString']) {
    t.throws(() => update({ players: { ada: { range } } }), { message: /players\.ada\.range/ }, range);
  }
  t.throws(
    () => update({ rules: { ranges: { near: 5 } } }),
    { message: /players\.ada\.range.*"normal"/ },
    'who is there has a range that would be gone',
  );
  const near = { rules: { ranges: { near: 5 } }, players: { ada: { range: 'near' } } };
  t.throws(() => update({ ...near, positions: [['ben', 0, 0, 0]] }), { message: /players\.ben\.range.*"normal"/ });
  update(near);
  t.equal(read().floats[read().slotOf(ada.seatId)! * FLOATS + RANGE], 5);
  update({ rules: {}, players: { ada: {} } });
  const many = (from: number) => Array.from({ length: 700 }, (_, i) => [`player-${from + i}`, 0, 0, 0]);
  update({ positions: many(0) });
  t.throws(() => update({ positions: [...many(700), ['ada', 9, 9, 9]] }), { code: 'too_many_bodies' });
  const bodies = read();
  t.equal(bodies.floats[bodies.slotOf(ada.seatId)! * FLOATS + MOUTH_X], 1);
  for (const [input, path] of [
    [
      {
        positions: [
          ['ada', 1, 2, 3],
          ['ada', Number.NaN, 0, 0],
        ],
      },
      /"positions",\s+1/,
    ],
    [{ positions: [['ada', 1e308, 0, 0]] }, /"positions",\s+0/],
    [{ players: { ada: { colour: 'red' } } }, /colour/],
    [{ pairs: [['ada', 'ben', 2]] }, /"pairs",\s+0/],
    [{ rules: { ranges: { normal: -1 } } }, /"normal"/],
    [{ everything: true }, /everything/],
  ] as const) {
    const result = spaceUpdateSchema.safeParse(input);
    t.match(result.error?.message ?? 'accepted', path);
  }
});

test('nothing at random crashes the schema, moves anybody, or is accepted', async (t) => {
  const seed = Number(process.env['SEED'] ?? 3120);
  t.comment(`SEED=${seed}`);
  const prng = createPrng(seed);
  const any = (depth: number): unknown => {
    const kind = Math.floor(prng() * (depth > 0 ? 8 : 6));
    if (kind === 0) return 1e308 * (prng() - 0.5);
    if (kind === 1) return Number.NaN;
    if (kind === 2) return null;
    if (kind === 3) return 'ada';
    if (kind === 4) return -1;
    if (kind === 5) return true;
    if (kind === 6) return Array.from({ length: 4 * prng() }, () => any(depth - 1));
    const keys = ['rules', 'players', 'positions', 'pairs', 'ada', 'range', 'x'];
    return Object.fromEntries(Array.from({ length: 3 * prng() }, () => [keys[Math.floor(prng() * 7)], any(depth - 1)]));
  };
  let accepted = 0;
  for (let n = 0; n < cases(20_000); n++) {
    const result = spaceUpdateSchema.safeParse({ positions: [any(2)], players: any(3) });
    if (result.success) accepted++;
  }
  t.equal(accepted, 0);
});

test('levels go only to those with a path to the voice', async (t) => {
  const { plane, join, update } = spaceRoom();
  const [near, talker, far, lobby] = [join('near'), join('talker'), join('far'), join(null)];
  update({
    rules: {},
    positions: [
      ['near', 1, 0, 0],
      ['talker', 0, 0, 0],
      ['far', 500, 0, 0],
    ],
  });
  for (const { events } of [near, talker, far, lobby]) events.length = 0;
  const heard = new Map([
    [near.seatId, new Set([talker.seatId])],
    [talker.seatId, new Set<number>()],
    [far.seatId, new Set<number>()],
  ]);
  plane.rooms[0]!.levels([{ seatId: talker.seatId, levelDbov: -20 }], heard);
  const told = ({ events }: typeof near) =>
    events.flatMap((event) => (event.type === 'levels' ? event.speaking.map(([id]) => id) : []));
  t.same(told(near), [talker.id]);
  t.same(told(talker), [talker.id]);
  t.same(told(far), []);
  t.same(told(lobby), []);
});

test('clients learn what the rules allow them, when they enter and when that changes', async (t) => {
  const { registry, join, update } = spaceRoom();
  const ada = join('ada');
  const told = () => ada.events.splice(0).flatMap((event) => (event.type === 'space' ? [event.space] : []));
  update({ rules: {} });
  const view = { positions: 'server', tether: 10, turn: 'client', axes: 'godot', metresPerUnit: 1 };
  t.same(told(), [view]);
  update({ rules: { voices: 4 } });
  t.same(told(), [], 'nothing has changed for them');
  update({ rules: { positions: 'tethered', tether: 3, axes: 'unity' } });
  t.same(told(), [{ ...view, positions: 'tethered', tether: 3, axes: 'unity' }]);
  const listener = { event: () => {}, ended: () => {} };
  const state = { muted: false, deafened: false };
  const enter = () => registry.join({ room: 'world', name: 'Ben', admission: GUEST, state, listener });
  t.match(enter().space, { positions: 'tethered' });
  update({ rules: null });
  t.same(told(), [null]);
  t.equal(enter().space, undefined);
});
