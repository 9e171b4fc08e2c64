import { test } from 'tap';
import { type Guest, Guests, ORPHANED_MS } from '../../../src/media/control/guests.ts';
import type { AddMember, MediaCommand, MediaEvent } from '../../../src/media/link/messages.ts';
import { type RemoteCommand, type RemoteEvent, remoteEventSchema } from '../../../src/media/link/remote-messages.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { mediaStats } from '../../helpers/fake-media-plane.ts';

/** Of a message between servers. */
const MAX_LINE_BYTES = 256 * 1024;
const STATE = { muted: false, deafened: false, hearing: [] };
const MIX = { maxTalkers: 3, levelling: false };
const NETWORK = { incoming: null, outgoing: null, roundTripMs: 20 };

/** The rooms of other servers in one worker. */
function setUp() {
  const clock = new FakeClock();
  const commands: MediaCommand[] = [];
  let lastId = 700;
  const guests = new Guests({ clock, nextId: () => ++lastId, post: (command) => commands.push(command) });
  const admit = () => {
    const told: RemoteEvent[] = [];
    const ends = { count: 0 };
    const guest = guests.admit({ tell: (event) => told.push(event), over: () => void ends.count++ });
    return { guest, told, ends };
  };
  /** What the worker is told from now on. */
  const posted = () => commands.splice(0);
  return { clock, guests, admit, posted };
}

function open(guest: Guest, roomId: number): void {
  guest.handle({ type: 'open_room', roomId, mix: MIX });
}

function add(guest: Guest, memberId: number, roomId = 5, kind: 'webrtc' | 'link' = 'webrtc'): void {
  const endpoint = { kind, parameters: { localUfrag: `u${memberId}` } };
  guest.handle({ type: 'add_member', memberId, roomId, endpoint, kind: 'voice', state: STATE } as never);
}

/** The worker's numbers of those who were added. */
function added(commands: readonly MediaCommand[]): number[] {
  return commands.filter((one): one is AddMember => one.type === 'add_member').map(({ memberId }) => memberId);
}

test('two servers with the same numbers have rooms and members of their own', (t) => {
  const { guests, admit, posted } = setUp();
  const [one, two] = [admit(), admit()];
  for (const { guest } of [one, two]) open(guest, 5);
  const rooms = posted().map((command) => (command.type === 'open_room' ? command.roomId : 0));
  for (const { guest } of [one, two]) add(guest, 8);
  const members = added(posted());
  t.equal(new Set([...rooms, ...members]).size, 4);
  open(one.guest, 5);
  t.same(posted(), [{ type: 'open_room', roomId: rooms[0], mix: MIX }], 'a room keeps its number');
  const events: MediaEvent[] = [
    { type: 'member_silent', memberId: members[1]!, silent: true },
    { type: 'levels', roomId: rooms[1]!, speaking: [members[1]!, -20, members[0]!, -30] } as MediaEvent,
  ];
  for (const event of events) t.ok(guests.take(event));
  t.same(one.told, []);
  t.same(two.told, [
    { type: 'member_silent', memberId: 8, silent: true },
    { type: 'levels', roomId: 5, speaking: [8, -20, 0, -30] },
  ]);
  two.told.length = 0;
  t.notOk(guests.take({ type: 'stats', stats: mediaStats() }), 'figures are for all');
  t.notOk(guests.take({ type: 'networks', networks: [{ memberId: members[0]!, network: NETWORK }] }));
  t.match(one.told, [{ type: 'load' }, { type: 'networks', networks: [{ memberId: 8, network: NETWORK }] }]);
  t.match(two.told, [{ type: 'load' }]);
  t.equal(two.told.length, 1);
  t.notOk(guests.take({ type: 'member_silent', memberId: 8, silent: true }), 'that is one of this server');
  t.notOk(guests.take({ type: 'levels', roomId: 5, speaking: [] } as unknown as MediaEvent));
  t.end();
});

test('commands have the numbers of the worker, and those about what is not there are left out', (t) => {
  const { admit, posted } = setUp();
  const { guest, told } = admit();
  const other = admit();
  for (const roomId of [5, 6]) open(guest, roomId);
  const [first, second] = posted().map((command) => (command.type === 'open_room' ? command.roomId : 0));
  for (const memberId of [8, 9]) add(guest, memberId);
  open(other.guest, 5);
  add(other.guest, 10);
  const [eight, nine] = added(posted());
  const hearing = [8, 9, 10, 11].map((seatId) => ({ seatId, gain: 0.5 }));
  const known = [eight!, nine!].map((seatId) => ({ seatId, gain: 0.5 }));
  guest.handle({ type: 'set_state', memberId: 8, state: { ...STATE, muted: true, hearing } });
  guest.handle({ type: 'move_member', memberId: 9, roomId: 6, state: { ...STATE, hearing } });
  guest.handle({ type: 'set_mix', roomId: 6, mix: MIX });
  guest.handle({ type: 'set_direction', memberId: 9, direction: 'recvonly' });
  t.same(posted(), [
    { type: 'set_state', memberId: eight, state: { ...STATE, muted: true, hearing: known } },
    { type: 'move_member', memberId: nine, roomId: second, state: { ...STATE, hearing: known } },
    { type: 'set_mix', roomId: second, mix: MIX },
    { type: 'set_direction', memberId: nine, direction: 'recvonly' },
  ]);
  guest.handle({ type: 'set_state', memberId: 10, state: STATE });
  guest.handle({ type: 'move_member', memberId: 8, roomId: 7, state: STATE });
  guest.handle({ type: 'set_mix', roomId: 7, mix: MIX });
  guest.handle({ type: 'close_room', roomId: 7 });
  guest.handle({ type: 'remove_member', memberId: 10 });
  t.same(posted(), []);
  guest.handle({ type: 'close_room', roomId: 5 });
  t.same(posted(), [{ type: 'close_room', roomId: first }]);
  add(guest, 12);
  t.same(told, [{ type: 'member_closed', memberId: 12, reason: 'media_failed' }], 'the room is closed');
  t.end();
});

test('a server has a thousand rooms and twenty thousand people at most, and a number is used once at a time', (t) => {
  const { guests, admit, posted } = setUp();
  const { guest, told } = admit();
  for (let roomId = 1; roomId <= 1000; roomId++) open(guest, roomId);
  t.equal(posted().length, 1000);
  open(guest, 1001);
  t.same(posted(), []);
  open(guest, 1000);
  t.equal(posted().length, 1, 'one that is open is told');
  guest.handle({ type: 'close_room', roomId: 1 });
  posted();
  open(guest, 1001);
  t.equal(posted().length, 1);
  const refused = (memberId: number) => ({ type: 'member_closed', memberId, reason: 'media_failed' });
  for (let memberId = 1; memberId <= 20_000; memberId++) add(guest, memberId);
  const ours = added(posted());
  t.equal(ours.length, 20_000);
  t.same(told, []);
  add(guest, 20_001);
  t.same(told.splice(0), [refused(20_001)]);
  guest.handle({ type: 'remove_member', memberId: 1 });
  posted();
  add(guest, 2);
  t.same(told.splice(0), [refused(2)], 'it is in use');
  t.same(posted(), []);
  add(guest, 1);
  t.equal(added(posted()).length, 1);
  t.ok(guests.take({ type: 'member_closed', memberId: ours[4]!, reason: 'silent' }));
  t.same(told.splice(0), [{ type: 'member_closed', memberId: 5, reason: 'silent' }]);
  add(guest, 5);
  t.same(told, []);
  t.end();
});

test('without the other server, links end at once, people hear each other for a minute, and nothing is told or obeyed', (t) => {
  const { clock, guests, admit, posted } = setUp();
  const { guest, told, ends } = admit();
  open(guest, 5);
  add(guest, 8);
  add(guest, 9, 5, 'link');
  add(guest, 10, 5, 'link');
  const commands = posted();
  const roomId = commands[0]?.type === 'open_room' ? commands[0].roomId : 0;
  const [person, link, former] = added(commands);
  guest.handle({ type: 'remove_member', memberId: 10 });
  posted();
  guest.orphan();
  guest.orphan();
  t.same(posted(), [{ type: 'remove_member', memberId: link }]);
  t.not(former, link);
  open(guest, 6);
  add(guest, 11);
  guest.handle({ type: 'set_state', memberId: 8, state: STATE });
  t.same(posted(), []);
  t.ok(guests.take({ type: 'levels', roomId, speaking: [person!, -20] } as unknown as MediaEvent));
  t.ok(guests.take({ type: 'member_silent', memberId: person!, silent: true }));
  guests.take({ type: 'networks', networks: [{ memberId: person!, network: NETWORK }] });
  guests.take({ type: 'stats', stats: mediaStats() });
  t.same(told, []);
  clock.advance(ORPHANED_MS - 1);
  t.same(posted(), []);
  t.equal(ends.count, 0);
  clock.advance(1);
  t.same(
    new Set(posted().map((command) => JSON.stringify(command))),
    new Set(
      [
        { type: 'remove_member', memberId: person },
        { type: 'remove_member', memberId: link },
        { type: 'close_room', roomId },
      ].map((command) => JSON.stringify(command)),
    ),
  );
  t.equal(ends.count, 1);
  guest.close();
  guest.orphan();
  guests.lose();
  t.same(posted(), []);
  t.equal(ends.count, 1);
  t.equal(clock.pendingTimers, 0);
  t.notOk(guests.take({ type: 'member_silent', memberId: person!, silent: true }), 'nobody is there any more');
  t.end();
});

test('when the worker is dead, all are over at once, also those whose server is gone', (t) => {
  const { clock, guests, admit, posted } = setUp();
  const [one, two] = [admit(), admit()];
  for (const { guest } of [one, two]) {
    open(guest, 5);
    add(guest, 8);
  }
  two.guest.orphan();
  posted();
  guests.lose();
  t.same([one.ends.count, two.ends.count], [1, 1]);
  t.equal(clock.pendingTimers, 0);
  one.guest.handle({ type: 'remove_member', memberId: 8 } satisfies RemoteCommand);
  one.guest.orphan();
  one.guest.close();
  t.same(posted(), []);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('the networks of a crowd are told in messages that another server reads', (t) => {
  const { guests, admit, posted } = setUp();
  const { guest, told } = admit();
  open(guest, 5);
  const reception = { lossRatio: 1 / 3, jitterMs: 100 / 7 };
  const network = { incoming: reception, outgoing: reception, roundTripMs: 1000 / 7 };
  const theirs = Array.from({ length: 5000 }, (_, i) => 500_000_000 + i);
  for (const memberId of theirs) add(guest, memberId);
  const networks = added(posted()).map((memberId) => ({ memberId, network }));
  guests.take({ type: 'networks', networks } as MediaEvent);
  const seen: number[] = [];
  for (const event of told) {
    const line = JSON.stringify(event);
    t.ok(line.length < MAX_LINE_BYTES, `${line.length} bytes`);
    const read = remoteEventSchema.parse(JSON.parse(line));
    if (read.type === 'networks') seen.push(...read.networks.map(({ memberId }) => memberId));
  }
  t.same(seen, theirs);
  t.end();
});
