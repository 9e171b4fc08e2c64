import type { Duplex } from 'node:stream';
import { type Test, test } from 'tap';
import { ORPHANED_MS } from '../../../src/media/control/guests.ts';
import { lendWorker } from '../../../src/media/control/lent-worker.ts';
import { duplexPair } from '../../helpers/duplex-pair.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { startFakeSlot } from '../../helpers/fake-slot.ts';

const STATE = { muted: false, deafened: false, hearing: [] };
const KEY = { key: Buffer.alloc(16).toString('base64'), salt: Buffer.alloc(12).toString('base64') };
const OPEN = { type: 'open_room', roomId: 5, mix: { maxTalkers: 3, levelling: false } };
const LINK = {
  type: 'add_member',
  memberId: 9,
  roomId: 5,
  kind: 'home',
  state: STATE,
  endpoint: {
    kind: 'link',
    parameters: {
      localKey: KEY,
      remoteKey: KEY,
      localSsrc: 1,
      remoteSsrc: 2,
      from: '10.0.0.2',
      to: { address: '10.0.0.1', port: 40_000 },
    },
  },
};

async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function setUp(t: Test, { port = 41_000 as number | null } = {}) {
  const clock = new FakeClock();
  const leaf = await startFakeSlot(clock, { address: '10.0.0.2', port: port ?? undefined });
  t.teardown(() => leaf.slot.close());
  /** Another server comes for the worker. */
  const come = () => {
    const [here, there] = duplexPair();
    const read: string[] = [];
    there.on('data', (bytes: Buffer) => read.push(bytes.toString()));
    there.on('error', () => {});
    lendWorker(here, leaf.slot, clock);
    return {
      here,
      there,
      told: () =>
        read
          .splice(0)
          .join('')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
    };
  };
  return { clock, leaf, come };
}

const say = (there: Duplex, ...messages: object[]) => {
  for (const message of messages) there.write(`${JSON.stringify(message)}\n`);
};

test('the first thing that is said is where the worker is; then it does what it is told', async (t) => {
  const { leaf, come } = await setUp(t);
  const { there, told } = come();
  await settle();
  t.same(told(), [
    { type: 'reach', candidates: [{ protocol: 'udp', address: '10.0.0.2', port: 41_000 }], mediaPort: 41_000 },
  ]);
  say(there, OPEN, LINK);
  await settle();
  t.match(leaf.members(), [{ kind: 'home', endpoint: { kind: 'link' } }]);
  const { memberId } = leaf.members()[0]!;
  leaf.events().event({ type: 'member_silent', memberId, silent: true });
  await settle();
  t.same(told(), [{ type: 'member_silent', memberId: 9, silent: true }]);
});

test('a worker without a media port is not lent', async (t) => {
  const { here, told } = (await setUp(t, { port: null })).come();
  await settle();
  t.ok(here.destroyed);
  t.same(told(), []);
  here.emit('error', new Error('late'));
});

test('the worker dies: the connection ends, and nothing waits', async (t) => {
  const { leaf, come } = await setUp(t);
  const { here, there } = come();
  say(there, OPEN, LINK);
  await settle();
  leaf.events().died('planted');
  t.ok(here.destroyed);
});

test('something unknown ends the connection and the links, and people stay for a minute', async (t) => {
  const { clock, leaf, come } = await setUp(t);
  const { here, there } = come();
  say(there, OPEN, LINK, { type: 'set_tap', memberId: 9, tap: null }, { ...OPEN, roomId: 6 });
  await settle();
  t.ok(here.destroyed);
  t.same(leaf.members(), [], 'the link has ended');
  t.notOk(leaf.commands.some(({ type }) => type === 'close_room'));
  t.equal(leaf.commands.filter(({ type }) => type === 'open_room').length, 1, 'what follows is not done');
  clock.advance(ORPHANED_MS);
  t.ok(leaf.commands.some(({ type }) => type === 'close_room'));
});

test('a home that stands still has lost its links before another one can have the room, and gets none when it goes on', async (t) => {
  const { clock, leaf, come } = await setUp(t);
  const old = come();
  say(old.there, OPEN, LINK);
  await settle();
  t.equal(leaf.members().length, 1);
  // A lease is longer than that.
  for (let second = 0; second < 5; second++) {
    await settle();
    clock.advance(1000);
  }
  t.same(leaf.members(), [], 'the link of who says nothing any more is gone');
  t.ok(old.here.destroyed);
  const next = come();
  say(next.there, OPEN, LINK);
  await settle();
  const rooms = leaf.commands.flatMap((command) => (command.type === 'open_room' ? command.roomId : []));
  const [link] = leaf.members();
  t.equal(link?.roomId, rooms[1], 'the new home has a room of its own');
  t.not(rooms[0], rooms[1]);
  const before = leaf.commands.length;
  // After 20 s the old one goes on, as if nothing had been.
  for (let second = 0; second < 15; second++) {
    say(next.there, { type: 'set_mix', roomId: 5, mix: OPEN.mix });
    await settle();
    clock.advance(1000);
  }
  if (!old.there.destroyed) say(old.there, { ...LINK, memberId: 10 }, { type: 'remove_member', memberId: 9 });
  old.here.emit('data', Buffer.from(`${JSON.stringify({ ...LINK, memberId: 11 })}\n`));
  await settle();
  t.ok(leaf.commands.slice(before).every((command) => command.type === 'set_mix' && command.roomId === rooms[1]));
  t.same(leaf.members(), [link], 'the link of the new home is the only one');
});
