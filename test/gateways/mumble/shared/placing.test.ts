import { test } from 'tap';
import { Placing } from '../../../../src/gateways/mumble/shared/placing.ts';
import { type SpaceUpdate, spaceUpdateSchema } from '../../../../src/protocol/space.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { startMumble } from '../../../helpers/mumble-server.ts';
import { spaceRoom } from '../../../helpers/space-room.ts';

function placing(identity = 'ada') {
  const world = spaceRoom();
  const person = world.join(identity);
  const own = new Placing(world.registry);
  let nowMs = 0;
  const at = (...position: readonly number[]) => {
    nowMs += 50;
    world.clock.advance(50);
    own.take(person.participant, Float32Array.from(position), nowMs);
  };
  return {
    ...world,
    own,
    person,
    at,
    mouth: () => world.mouthOf(person.seatId),
    ears: () => world.earsOf(person.seatId),
  };
}

test('in a room of the mode "client" a position is where the player is, in the axes and units of each engine', async (t) => {
  for (const [axes, metresPerUnit] of [
    ['godot', 1],
    ['unity', 2],
    ['unreal', 0.01],
    ['source', 0.0254],
  ] as const) {
    const { update, at, mouth, ears } = placing();
    update({ rules: { positions: 'client', axes, metresPerUnit } });
    at(3, 1, 7);
    const rounded = (point: readonly number[] | undefined) => point?.map((metres) => Math.round(metres * 1000) / 1000);
    t.same(rounded(mouth()), [3, 1, -7], `${axes}: Mumble looks along z, the mixer along -z`);
    t.same(rounded(ears()), [3, 1, -7]);
  }
});

test('in a room of the mode "tethered" it moves the ears, and only as far as the tether is long', async (t) => {
  const { update, at, mouth, ears } = placing();
  update({ rules: { positions: 'tethered', tether: 5 } });
  t.doesNotThrow(() => at(1, 1, 1), 'the game server has not placed the player');
  update({ positions: [['ada', 10, 0, 0]] });
  at(12, 0, 0);
  t.same(mouth(), [10, 0, 0]);
  t.same(ears()?.map(Math.abs), [12, 0, 0]);
  at(100, 0, 0);
  t.same(ears()?.map(Math.abs), [15, 0, 0]);
});

test('a room without a space, or in which only the game server places players, takes no positions', async (t) => {
  const { update, at, mouth } = placing();
  t.doesNotThrow(() => at(1, 1, 1));
  update({ rules: { positions: 'server' } });
  at(1, 1, 1);
  t.equal(mouth(), undefined);
  update({ positions: [['ada', 4, 0, 0]] });
  at(1, 1, 1);
  t.same(mouth(), [4, 0, 0]);
});

test('a position beyond every world is left out', async (t) => {
  const { update, at, mouth } = placing();
  update({ rules: { positions: 'client', metresPerUnit: 0.01 } });
  at(1, 1, 1);
  for (const axis of [0, 1, 2])
    for (const far of [10_001, -10_001]) at(...[2, 2, 2].map((v, i) => (i === axis ? far : v)));
  t.same(mouth(), [1, 1, -1]);
  at(9999, 0, 0);
  t.equal(Math.round(mouth()?.[0] ?? 0), 9999);
});

test('positions are taken twenty times a second, however many there are', async (t) => {
  const { update, own, person, clock, registry } = placing();
  update({ rules: { positions: 'client' } });
  const { participant } = person;
  let poses = 0;
  participant.pose = () => {
    poses++;
  };
  for (let ms = 0; ms < 1000; ms += 10) own.take(participant, Float32Array.of(ms, 1, 1), clock.now() + ms);
  t.equal(poses, 20);
  t.ok(registry.room('world').space.view);
});

test('a Mumble client places its user with what it says, in both formats, and a muted one says nothing', async (t) => {
  const opus = Uint8Array.of(0x78, 1, 2, 3);
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  for (const [format, x] of [
    ['old', 5],
    ['protobuf', 6],
  ] as const) {
    const client = await server.join({ format, name: format });
    const room = server.registry.room('lobby');
    room.space.update(spaceUpdateSchema.parse({ rules: { positions: 'client' } }) as SpaceUpdate);
    const [placed] = room.everybody;
    const posed: number[][] = [];
    const pose = placed!.pose.bind(placed);
    placed!.pose = (wanted) => {
      posed.push([...wanted.position]);
      pose(wanted);
    };
    client.sendFrame(1, client.voiceAt([x, 0, 2], 0, opus));
    await eventually(() => posed.length > 0 || 'not placed');
    t.same(posed, [[x, 0, -2]]);
    client.send('userState', { selfMute: true });
    await eventually(() => client.own.selfMute === true || 'not muted');
    server.clock.advance(1000);
    client.sendFrame(1, client.voiceAt([9, 0, 0], 2, opus));
    client.sendFrame(1, client.voice(4, opus, { target: 31 }));
    await eventually(() => client.heard.some(({ frameNumber }) => frameNumber === 4) || 'no echo');
    t.equal(posed.length, 1);
    client.close();
    await eventually(() => [...server.registry.rooms].length === 0 || 'still there');
  }
});
