import { test } from 'tap';
import type { AppError } from '../../src/lib/errors.ts';
import { MAX_CHANNELS as MIXED_CHANNELS } from '../../src/mixer/mix/channel-set.ts';
import { MAX_CHANNELS, MAX_TEAMS } from '../../src/protocol/bounds.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import { RoomChannels } from '../../src/rooms/channels.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import { type FakeSeat, sit } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';

class Listener implements ParticipantListener {
  readonly events: RoomEvent[] = [];
  event(...events: readonly RoomEvent[]): void {
    this.events.push(...events);
  }
  ended(_reason: EndReason): void {}

  take<T extends RoomEvent['type']>(type: T): Extract<RoomEvent, { readonly type: T }>[] {
    const taken = this.events.filter((event) => event.type === type);
    this.events.length = 0;
    return taken as Extract<RoomEvent, { readonly type: T }>[];
  }
}

const known = (identity: string): Admission => ({ ...GUEST, identity });

function setUp() {
  const { clock, plane, registry } = openRegistry();
  const room = registry.create({ name: 'lobby', locked: false });
  const join = (name: string, admission: Admission = GUEST) => {
    const listener = new Listener();
    const state = { muted: false, deafened: false };
    const joined = registry.join({ room: 'lobby', name, admission, state, listener });
    sit(joined.participant, 'offer');
    const plan = () => (joined.participant.seat as FakeSeat).state.plan;
    return { ...joined, listener, plan, id: joined.participant.id, seat: joined.participant.seat as FakeSeat };
  };
  return { plane, clock, registry, room, join };
}

const RADIO = { gain: 0.5, effect: 'radio', strength: 1, pan: 0, duckDb: 0 } as const;
const SPEAK_ONLY = { room: false, channels: [], to: [] };

test('without channels and whispers the media plane is told nothing', async (t) => {
  const { join } = setUp();
  t.equal(join('Ada').plan(), undefined);
});

test('a channel is heard by those on its list, also if they join later, and spoken in when they choose it', async (t) => {
  const { room, join } = setUp();
  room.sound.putChannel('red', { open: false, speak: ['u1'], hear: ['u1', 'u2'] });
  const [ada, ben, cleo] = [join('Ada', known('u1')), join('Ben', known('u2')), join('Cleo')];
  t.same(ada.channels, [{ name: 'red', open: false, speaks: true, hears: true }]);
  t.same(ben.plan(), { speaksInto: [0], whispersTo: [], hears: [0, 1] });
  t.same(cleo.channels, []);
  ada.participant.talkTo({ room: false, channels: ['red'], to: [] });
  t.same(ada.plan(), { speaksInto: [1], whispersTo: [], hears: [0, 1] });
  t.match(ben.listener.take('talking'), [{ participantId: ada.id, channels: ['red'], whispers: false }]);
  t.same(cleo.listener.take('talking'), [], 'the others are not told');
  t.throws(() => ben.participant.talkTo({ ...SPEAK_ONLY, channels: ['red'] }), { code: 'not_allowed' });
  t.throws(() => ben.participant.talkTo({ ...SPEAK_ONLY, channels: ['blue'] }), { code: 'unknown_channel' });
  t.same(ben.plan()?.speaksInto, [0], 'nothing has changed');
  room.sound.deleteChannel('red');
  t.same(ada.plan(), { speaksInto: [], whispersTo: [], hears: [0] }, 'what was for the team is for nobody now');
  t.same(ben.listener.take('channels').at(-1)?.channels, []);
});

test('the media plane learns how channels sound, and nothing while they sound like the room', async (t) => {
  const { room, join, plane } = setUp();
  const lists = { open: false, speak: ['u1'], hear: ['u1', 'u2'] };
  room.sound.putChannel('red', lists);
  room.sound.putChannel('blue', { ...lists, sound: RADIO });
  const [ada, ben] = [join('Ada', known('u1')), join('Ben', known('u2'))];
  const [media] = plane.rooms;
  t.same(media!.channelSounds, new Map([[2, RADIO]]), 'channels may be there before the room is opened');
  room.sound.putChannel('red', { ...lists, sound: { ...RADIO, gain: 0 } });
  t.equal(media!.channelSounds.size, 2);
  for (const channel of ['red', 'blue']) {
    ada.participant.talkTo({ room: false, channels: [channel], to: [] });
    media!.levels([{ seatId: ada.seat.id, levelDbov: -20 }]);
    const speaking = ben.listener.take('levels').at(-1)?.speaking;
    t.equal(speaking?.length, channel === 'red' ? 0 : 1, 'what is silent is not shown');
  }
  room.sound.putChannel('blue', lists);
  room.sound.deleteChannel('red');
  t.same(media!.channelSounds, new Map());
});

test('strengths of single people reach the media plane with their seats, also those who sit down later', async (t) => {
  const { room, join, plane } = setUp();
  const lists = { open: false, speak: ['u1'], hear: ['u1', 'u2'] };
  const strengths = new Map([
    ['u1', 0.25],
    ['u2', 0.5],
    ['nobody', 1],
  ]);
  room.sound.putChannel('red', { ...lists, sound: RADIO, strengths });
  const ada = join('Ada', known('u1'));
  const told = () => plane.rooms[0]!.channelSounds.get(1)?.strengths;
  t.same(told(), new Map([[ada.seat.id, 0.25]]));
  const ben = join('Ben', known('u2'));
  const both = (first: number) =>
    new Map([
      [first, 0.25],
      [ben.seat.id, 0.5],
    ]);
  t.same(told(), both(ada.seat.id));
  sit(ada.participant, 'again');
  t.same(told(), both((ada.participant.seat as FakeSeat).id));
  const guest = join('Guest');
  ada.listener.events.length = 0;
  room.sound.setStrengths({ red: { [guest.id]: 0.75, u2: null, nobody: null } });
  t.same(ada.listener.take('channels'), [], 'nobody is told what they cannot see');
  t.equal(told()?.get(guest.seat.id), 0.75);
  guest.participant.leave('left');
  t.same([...room.sound.channel('red').strengths], [['u1', 0.25]], 'a guest who has left is forgotten');
  t.throws(() => room.sound.setStrengths({ red: { u1: 1 }, none: {} }), { code: 'unknown_channel' });
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`p${n}`, 0]));
  t.throws(() => room.sound.setStrengths({ red: many }), { code: 'invalid_request' });
  t.equal(room.sound.channel('red').strengths.size, 1, 'nothing has changed');
  room.sound.putChannel('red', { ...lists, strengths });
  t.same(plane.rooms[0]!.channelSounds, new Map(), 'without an effect they mean nothing');
});

test('open channels are joined and left by anyone, others are not', async (t) => {
  const { room, join } = setUp();
  room.sound.putChannel('red', { open: true, speak: [], hear: [] });
  room.sound.putChannel('staff', { open: false, speak: [], hear: [] });
  const ada = join('Ada');
  t.same(ada.channels, [{ name: 'red', open: true, speaks: false, hears: false }]);
  ada.participant.setInChannel('red', true);
  t.same(ada.plan()?.hears, [0, 1]);
  t.same(ada.listener.take('channels').at(-1)?.channels, [{ name: 'red', open: true, speaks: true, hears: true }]);
  ada.participant.talkTo({ ...SPEAK_ONLY, channels: ['red'] });
  ada.participant.setInChannel('red', false);
  t.same(ada.plan(), { speaksInto: [], whispersTo: [], hears: [0] });
  for (const isIn of [true, false]) {
    t.throws(() => ada.participant.setInChannel('staff', isIn), { code: 'not_allowed' });
    t.throws(() => ada.participant.setInChannel('none', isIn), { code: 'unknown_channel' });
  }
  ada.participant.setInChannel('red', true);
  ada.participant.leave('left');
  t.equal(room.sound.channel('red').hear.size, 0, 'a guest who has left is forgotten');
});

test('people choose among the teams of the settings, and from team to team they change', async (t) => {
  const { registry, room, join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben', known('u2'))];
  t.same(room.info.teams, []);
  registry.change('lobby', { teams: ['red', ' blue ', 'red'] });
  t.same(room.info.teams, ['red', 'blue']);
  const told = (listener: Listener) => listener.take('channels').at(-1)?.channels;
  t.match(told(ben.listener), [{ name: 'red', open: true, speaks: false, hears: false }, { name: 'blue' }]);
  room.sound.putChannel('lounge', { open: true, speak: [], hear: [] });
  for (const name of ['lounge', 'red', 'blue']) ada.participant.setInChannel(name, true);
  const isIn = (name: string) =>
    room.sound.channel(name).hear.has(ada.id) && room.sound.channel(name).speak.has(ada.id);
  t.same(['lounge', 'red', 'blue'].filter(isIn), ['lounge', 'blue'], 'other channels are not teams');
  registry.change('lobby', { teams: ['blue', 'green'] });
  t.match(told(ada.listener), [{ name: 'blue', hears: true }, { name: 'lounge' }, { name: 'green', hears: false }]);
  room.sound.putChannel('blue', { open: true, speak: [], hear: [], sound: RADIO });
  t.same(room.info.teams, ['blue', 'green'], 'the API can say what a team sounds like');
  room.sound.putChannel('blue', { open: false, speak: [], hear: [] });
  room.sound.deleteChannel('green');
  t.same(room.info.teams, [], 'and take it away');
  registry.change('lobby', { teams: ['blue'] });
  t.same(room.sound.channel('blue').open, true);
});

test('teams have names of channels, and there are not too many; a refused change changes nothing', async (t) => {
  const { registry, room } = setUp();
  registry.change('lobby', { teams: ['red'] });
  t.throws(() => registry.change('lobby', { teams: ['red', 'no spaces'] }), {
    code: 'invalid_channel',
    message: /teams\.1/,
  });
  const many = Array.from({ length: MAX_TEAMS + 1 }, (_, index) => `team-${index}`);
  t.throws(() => registry.change('lobby', { teams: many }), { code: 'invalid_request' });
  t.throws(() => registry.create({ name: 'other', locked: false, teams: ['a b'] }), { code: 'invalid_channel' });
  for (let i = 0; i < MAX_CHANNELS - 3; i++) room.sound.putChannel(`c${i}`, { open: false, speak: [], hear: [] });
  registry.change('lobby', { teams: ['red', 'blue'] });
  for (const change of [{ teams: ['red', 'green', 'blue'] }, { teams: ['blue', 'red'], links: ['other'] }])
    t.throws(() => registry.change('lobby', change), { code: 'too_many_channels' });
  t.same([room.info.teams, room.info.links], [['red', 'blue'], []]);
  registry.change('lobby', { teams: ['green'], links: ['other'] });
  t.same([room.info.teams, room.info.links], [['green'], ['other']], 'one channel is left for shouts');
});

test('rooms have the teams of the server unless they say otherwise', async (t) => {
  const { registry } = openRegistry(100, ['red', 'blue']);
  t.same(registry.create({ name: 'usual', locked: false }).info.teams, ['red', 'blue']);
  t.same(registry.create({ name: 'plain', locked: false, teams: [] }).info.teams, []);
});

test('a whisper reaches its receivers, who see it as such, through new seats, and ends when it is off', async (t) => {
  const { registry, room, join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo')];
  ada.participant.talkTo({ room: false, channels: [], to: [ben.id, ben.id] });
  t.same(ada.plan(), { speaksInto: [], whispersTo: [ben.seat.id], hears: [0] });
  t.match(ben.listener.take('talking'), [{ participantId: ada.id, channels: [], whispers: true }]);
  t.same(cleo.listener.take('talking'), []);
  sit(ben.participant, 'again');
  t.same(ada.plan()?.whispersTo, [ben.participant.seat?.id]);
  for (const to of [[ada.id], ['nobody']])
    t.throws(() => ada.participant.talkTo({ ...SPEAK_ONLY, to }), { code: 'unknown_participant' });
  t.equal(ada.plan()?.whispersTo.length, 1, 'nothing has changed');
  registry.change('lobby', { whispers: false });
  t.same(ada.plan()?.whispersTo, []);
  t.throws(() => ada.participant.talkTo({ ...SPEAK_ONLY, to: [ben.id] }), { code: 'not_allowed' });
  t.equal(room.info.whispers, false);
});

test('levels go only to those who can hear the voice', async (t) => {
  const { plane, join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo')];
  ada.participant.talkTo({ ...SPEAK_ONLY, to: [ben.id] });
  const levels = [ada, cleo].map(({ seat }) => ({ seatId: seat.id, levelDbov: -20 }));
  plane.rooms[0]!.levels(levels);
  const seen = ({ listener }: typeof ada) => listener.take('levels').map(({ speaking }) => speaking.map(([id]) => id));
  t.same(seen(ada), [[ada.id, cleo.id]]);
  t.same(seen(ben), [[ada.id, cleo.id]]);
  t.same(seen(cleo), [[cleo.id]]);
});

test('someone who presses keys quickly changes what is heard at once, and notifies four times a second', async (t) => {
  const { clock, join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  for (let i = 0; i < 100; i++) {
    ada.participant.talkTo({ ...SPEAK_ONLY, to: i % 2 === 0 ? [ben.id] : [] });
    t.equal(ada.plan()?.whispersTo.length, (i + 1) % 2);
    clock.advance(10);
  }
  clock.advance(1000);
  const told = ben.listener.take('talking');
  t.ok(told.length >= 1 && told.length <= 5, `${told.length} notices`);
  t.notOk(told.at(-1)?.whispers ?? false);
});

test('a room has 63 channels beside itself, and numbers are used again', async (t) => {
  const channels = new RoomChannels();
  const nobody = { open: false, speak: [], hear: [] };
  for (let i = 1; i < 64; i++) t.equal(channels.put(`c${i}`, nobody).number, i);
  for (let i = 0; i < 10_000; i++) {
    try {
      channels.put(`more${i}`, nobody);
      t.fail('there was room for it');
    } catch (error) {
      if ((error as AppError).code !== 'too_many_channels') throw error;
    }
  }
  t.equal(channels.count, 63);
  for (const name of ['', 'a b', 'x'.repeat(65), '..'])
    t.throws(() => channels.put(name, nobody), { code: 'invalid_channel' });
  t.equal(channels.put('c7', { ...nobody, open: true }).number, 7, 'replaced');
  channels.delete('c7');
  t.throws(() => channels.delete('c7'), { code: 'unknown_channel' });
  t.equal(channels.put('new', nobody).number, 7);
  t.end();
});

test('the mixer has a number for each channel that a room may have', async (t) => {
  t.equal(MAX_CHANNELS, MIXED_CHANNELS);
});
