import { test } from 'tap';
import { MAX_BODIES } from '../../../src/media/plane.ts';
import { FLOATS, LAYERS, MOUTH_X, RANGE, VOICE, WORDS } from '../../../src/mixer/space/body-table.ts';
import { MAX_EMITTERS, spaceUpdateSchema } from '../../../src/protocol/space.ts';
import { spaceRoom } from '../../helpers/space-room.ts';

const RADIO = { position: [1, 2, 3], from: { channel: 'red' } } as const;
const CHANNEL = { open: false, speak: [], hear: [] };

function setUp() {
  const world = spaceRoom();
  const { plane, read } = world;
  const emitters = () => plane.rooms[0]?.space?.emitters ?? [];
  const bodyAt = (slot: number) => {
    const { floats, words } = read();
    return {
      at: [...floats.subarray(slot * FLOATS + MOUTH_X, slot * FLOATS + MOUTH_X + 3)],
      range: floats[slot * FLOATS + RANGE],
      layers: words[slot * WORDS + LAYERS],
      voice: words[slot * WORDS + VOICE],
    };
  };
  return { ...world, emitters, bodyAt };
}

test('an emitter plays its channel or player while there is one, from where it was placed last', async (t) => {
  const { room, join, update, emitters, bodyAt } = setUp();
  update({
    rules: { axes: 'unity', metresPerUnit: 2, ranges: { normal: 20, loud: 60 } },
    emitters: {
      radio: { ...RADIO, range: 'loud' },
      phone: { position: [0, 0, 0], from: { player: 'ada' }, instead: true },
    },
  });
  t.same(emitters(), [], 'neither is there yet');
  const { number } = room.sound.putChannel('red', CHANNEL);
  const [radio] = emitters();
  t.match(radio, { channel: number, voice: null, instead: false });
  t.match(bodyAt(radio!.slot), { at: [2, 4, -6], range: 60, layers: 1, voice: 0 });
  const ada = join('ada');
  t.match(emitters()[1], { channel: null, voice: ada.seatId, instead: true });
  update({ emitters: { radio: { ...RADIO, position: [2, 2, 3], range: 5, layers: ['alive'] } } });
  t.match(emitters()[0], radio);
  t.match(bodyAt(radio!.slot), { at: [4, 4, -6], range: 10, layers: 2 });
  update({ rules: { metresPerUnit: 1 } });
  t.match(bodyAt(radio!.slot), { at: [2, 2, 3], range: 5 }, 'other rules apply to it');
  ada.participant.leave('left');
  t.same(
    emitters().map(({ slot }) => slot),
    [radio!.slot],
  );
  room.sound.deleteChannel('red');
  t.same(emitters(), []);
  room.sound.putChannel('red', CHANNEL);
  update({ emitters: { radio: null } });
  t.same(emitters(), []);
  update({ players: { ben: {} }, positions: [['ben', 1, 1, 1]] });
  t.same(bodyAt(radio!.slot).at, [1, 1, 1], 'its place in the table is free again');
});

test('what cannot be an emitter is refused by name, and nothing changes', async (t) => {
  const { update, emitters, room } = setUp();
  room.sound.putChannel('red', CHANNEL);
  t.throws(() => update({ emitters: { radio: RADIO } }), { code: 'no_space' });
  update({ rules: {}, emitters: { radio: RADIO } });
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`e${n}`, RADIO]));
  t.throws(() => update({ emitters: { radio: { ...RADIO, range: 'far' } } }), {
    code: 'invalid_request',
    message: /"emitters\.radio\.range": there is no range "far"/,
  });
  t.throws(() => update({ emitters: many(MAX_EMITTERS) }), { code: 'invalid_request', message: /at most 32 emitters/ });
  update({ emitters: { ...many(MAX_EMITTERS), radio: null } });
  t.equal(emitters().length, MAX_EMITTERS);
  const players = Object.fromEntries(Array.from({ length: MAX_BODIES - MAX_EMITTERS }, (_, n) => [`p${n}`, {}]));
  update({ players });
  t.throws(() => update({ players: { more: {} } }), { code: 'too_many_bodies' });
  for (const wrong of [
    { ...RADIO, position: [1, 2] },
    { ...RADIO, position: [1, 2, 1e308] },
    { ...RADIO, from: {} },
    { ...RADIO, from: { channel: 'red', player: 'ada' } },
    { ...RADIO, volume: 2 },
  ])
    t.notOk(spaceUpdateSchema.safeParse({ emitters: { radio: wrong } }).success);
});
