import { test } from 'tap';
import { MAX_CHANNELS } from '../../src/protocol/bounds.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { RoomEvent } from '../../src/rooms/events.ts';
import { type FakeMediaRoom, type FakeSeat, sit } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';

const SHOUTER: Admission = { ...GUEST, identity: 'leader', mayShout: true };
const SHOUT = { room: false, channels: [], to: [], shout: true };

function setUp() {
  const { registry, clock } = openRegistry();
  const join = (room: string, admission: Admission = GUEST) => {
    const events: RoomEvent[] = [];
    const listener = { event: (...some: readonly RoomEvent[]) => void events.push(...some), ended: () => {} };
    const state = { muted: false, deafened: false };
    const joined = registry.join({ room, name: 'Somebody', admission, state, listener });
    sit(joined.participant, 'offer');
    const plan = () => (joined.participant.seat as FakeSeat).state.plan;
    return {
      ...joined,
      plan,
      told: (only: RoomEvent['type'] = 'shouts_to') => events.splice(0).filter(({ type }) => type === only),
    };
  };
  /** To whose media the media of this room is linked, by name. */
  const linked = (name: string) => {
    const { shouts } = registry.room(name).media as FakeMediaRoom;
    return shouts?.rooms.map((media) => [...registry.rooms].find((room) => room.media === media)?.name) ?? [];
  };
  const open = (name: string, links: readonly string[]) => registry.create({ name, locked: false, links });
  return { registry, clock, join, linked, open };
}

test('two rooms are linked while both are open and each names the other', async (t) => {
  const { registry, linked, open } = setUp();
  open('one', ['two', 'three', 'two']);
  open('two', []);
  t.same([linked('one'), linked('two')], [[], []], 'a room cannot be heard in another by itself');
  registry.change('two', { links: ['one'] });
  t.same([linked('one'), linked('two')], [['two'], ['one']]);
  open('three', ['one']);
  t.same([linked('one'), linked('two'), linked('three')], [['two', 'three'], ['one'], ['one']], 'links are direct');
  registry.room('two').close('room_closed');
  t.same(linked('one'), ['three']);
  open('two', ['one']);
  t.same(linked('one'), ['two', 'three'], 'when it is opened again, it is linked again');
  registry.change('one', { links: [] });
  t.same([linked('one'), linked('two'), linked('three')], [[], [], []]);
  t.same(registry.room('two').info.links, ['one'], 'the other room still names it');
});

test('whoever may shout is heard in this room and the linked ones, and all others only hear it', async (t) => {
  const { registry, join, open } = setUp();
  open('one', []);
  const leader = join('one', SHOUTER);
  const other = join('one');
  t.same(leader.shoutsTo, []);
  t.throws(() => leader.participant.talkTo(SHOUT), { code: 'not_linked' });
  registry.change('one', { links: ['two'] });
  t.equal(other.plan(), undefined, 'nothing changes until they are linked');
  open('two', ['one']);
  const away = join('two');
  t.same(leader.told(), [{ type: 'shouts_to', rooms: ['two'] }]);
  t.same(other.told(), [], 'others are not told where they cannot shout');
  t.throws(() => other.participant.talkTo(SHOUT), { code: 'not_allowed' });
  leader.participant.talkTo(SHOUT);
  t.same(leader.plan(), { speaksInto: [0, 1], whispersTo: [], hears: [0, 1] });
  for (const { plan } of [other, away]) t.same(plan(), { speaksInto: [0], whispersTo: [], hears: [0, 1] });
  t.same(join('one', { ...SHOUTER, identity: 'second' }).shoutsTo, ['two']);

  registry.change('two', { links: [] });
  t.same(leader.told(), [{ type: 'shouts_to', rooms: [] }]);
  t.same(leader.plan(), { speaksInto: [0], whispersTo: [], hears: [0] });
  registry.change('two', { links: ['one'] });
  t.same(leader.plan()?.speaksInto, [0], 'nobody shouts again by themselves');
});

test('everyone in linked rooms learns who shouts, several times a second at most', async (t) => {
  const { registry, clock, join, open } = setUp();
  open('one', ['two']);
  open('two', ['one', 'three']);
  open('three', ['two']);
  const leader = join('one', SHOUTER);
  const [mate, away, far] = [join('one'), join('two'), join('three')];
  const told = (person: typeof away) => {
    clock.advance(0);
    return person.told('shouting').map((event) => event.type === 'shouting' && event.shouters.map(({ name }) => name));
  };
  told(away);
  leader.participant.talkTo(SHOUT);
  clock.advance(0);
  const view = { id: leader.participant.id, name: 'Somebody', room: 'one' };
  t.same(away.told('shouting'), [{ type: 'shouting', shouters: [view] }]);
  t.same([told(mate), told(far)], [[], []], 'only where they are heard, and not seen already');
  t.same(join('two').shouting, [view]);
  t.equal(join('one').shouting, undefined);
  for (let i = 0; i < 20; i++) leader.participant.talkTo(i % 2 === 0 ? { ...SHOUT, shout: false } : SHOUT);
  clock.advance(249);
  t.same(told(away), []);
  clock.advance(250);
  t.same(told(away), [], 'and nothing has changed in the end');
  registry.change('one', { links: [] });
  t.same(told(away), [[]]);
  registry.change('one', { links: ['two'] });
  clock.advance(1000);
  leader.participant.talkTo(SHOUT);
  t.same(told(away), [['Somebody']]);
  clock.advance(1000);
  registry.move('one', leader.participant.id, 'elsewhere');
  t.same(told(away), [[]], 'whoever is moved does not shout any more');
});

test('at most 32 who shout are told', async (t) => {
  const { join, open } = setUp();
  open('one', ['two']);
  open('two', ['one']);
  for (let i = 0; i < 40; i++) join('one', { ...SHOUTER, identity: `leader-${i}` }).participant.talkTo(SHOUT);
  t.equal(join('two').shouting?.length, 32);
});

test('levels show somebody who shouts to everyone, also in a room with space', async (t) => {
  const { registry, join, open } = setUp();
  open('one', ['two']);
  open('two', ['one']);
  const events: RoomEvent[] = [];
  const listener = { event: (...some: readonly RoomEvent[]) => void events.push(...some), ended: () => {} };
  const state = { muted: false, deafened: false };
  const { participant } = registry.join({ room: 'one', name: 'Ben', admission: GUEST, state, listener });
  sit(participant, 'offer');
  const leader = join('one', SHOUTER);
  const { media } = registry.room('one');
  const speaking = () => {
    (media as FakeMediaRoom).levels(
      [{ seatId: leader.participant.seat!.id, levelDbov: -20 }],
      new Map([[participant.seat!.id, new Set<number>()]]),
    );
    const last = events.findLast((event) => event.type === 'levels');
    return last?.type === 'levels' ? last.speaking.length : undefined;
  };
  t.equal(speaking(), 0, 'Ben is in space and does not hear the leader there');
  leader.participant.talkTo(SHOUT);
  t.equal(speaking(), 1);
});

test('links that cannot be are refused, and change nothing', async (t) => {
  const { registry, open } = setUp();
  const room = open('one', ['two']);
  for (const [links, message] of [
    [['one'], /"links\.0": a room cannot be linked to itself/],
    [['two', 'a?b'], /"links\.1": this is not the name of a room/],
  ] as const) {
    t.throws(() => registry.change('one', { links, password: 'secret' }), { code: 'invalid_request', message });
    t.throws(() => open('three', ['three']), { code: 'invalid_request' });
  }
  t.same(room.links, ['two']);
  t.throws(() => registry.room('three'), { code: 'unknown_room' });

  registry.change('one', { links: [] });
  const settings = { open: true, speak: [], hear: [] };
  for (let n = 1; n < MAX_CHANNELS; n++) room.sound.putChannel(`c${n}`, settings);
  t.throws(() => registry.change('one', { links: ['two'] }), { code: 'too_many_channels' });
  t.same(room.links, []);
  room.sound.deleteChannel('c1');
  registry.change('one', { links: ['two'] });
  t.throws(() => room.sound.putChannel('more', settings), { code: 'too_many_channels' }, 'shouts take a channel');
  t.throws(() => room.sound.putChannels(new Map([['more', settings]])), { code: 'too_many_channels' });
  registry.change('one', { links: [] });
  t.equal(room.sound.putChannel('more', settings).number, 1);
});
