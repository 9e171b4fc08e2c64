import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { type Ban, BanList } from '../../src/rooms/ban-list.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryStore, sharedStores } from '../helpers/memory-store.ts';

function setUp() {
  const clock = new FakeClock();
  const store = new MemoryStore();
  return { clock, store, bans: new BanList(clock, store) };
}

function codeOf(run: () => unknown): { code: string; retryAfterMs: number | undefined } | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { code: error.code, retryAfterMs: error.retryAfterMs };
  }
}

function isBanned(bans: BanList, room: string, identity: string): boolean {
  return codeOf(() => bans.checkIdentity(room, identity)) !== undefined;
}

test('moderators cannot push out what the operator has decided', (t) => {
  const { bans } = setUp();
  bans.add({ address: '192.0.2.7', by: null, durationMs: 60_000 });
  for (let i = 1; i <= 10_500; i++) bans.add({ room: 'lobby', identity: `user-${i}`, by: 'mod-1', durationMs: 60_000 });
  t.equal(bans.all.length, 10_000);
  t.equal(codeOf(() => bans.checkAddress('192.0.2.7'))?.code, 'kicked');
  t.equal(isBanned(bans, 'lobby', 'user-10500'), true);
  t.end();
});

test('bans do not grow without bound: the oldest that would end is forgotten, then there can be no more', (t) => {
  const { bans, store, clock } = setUp();
  const forever = bans.add({ room: 'lobby', identity: 'first', by: null, durationMs: null });
  for (let i = 1; i <= 10_000; i++) bans.add({ room: 'lobby', identity: `user-${i}`, by: null, durationMs: 60_000 });
  t.equal(isBanned(bans, 'lobby', 'first'), true);
  t.equal(isBanned(bans, 'lobby', 'user-1'), false);
  t.equal(isBanned(bans, 'lobby', 'user-2'), true);
  t.equal(isBanned(bans, 'lobby', 'user-10000'), true);
  t.equal(store.all('bans').size, 10_000);
  clock.advance(60_000);
  bans.add({ room: 'lobby', identity: 'next', by: null, durationMs: 60_000 });
  t.equal(store.all('bans').size, 2, 'those that are over are forgotten at once');
  for (let i = 0; i < 9998; i++) bans.add({ identity: `user-${i}`, by: null, durationMs: null });
  bans.add({ identity: 'last', by: null, durationMs: null });
  const one = { identity: 'one', by: null, durationMs: 60_000 };
  t.same(
    codeOf(() => bans.add(one)),
    { code: 'too_many_bans', retryAfterMs: undefined },
  );
  t.equal(bans.add({ identity: 'last', by: null, durationMs: null }).identity, 'last', 'it replaces itself');
  t.equal(bans.liftById(forever.id), true);
  t.equal(
    codeOf(() => bans.add(one)),
    undefined,
  );
  t.end();
});

test('a ban ends at the stated time, even if the clock was set or the machine has slept', (t) => {
  const { clock, bans } = setUp();
  const untilMs = clock.wallNow() + 3_600_000;
  const { id } = bans.add({ room: 'lobby', identity: 'user-7', by: null, durationMs: 3_600_000 });
  clock.stepWall(3_000_000);
  t.match(bans.list('lobby'), [{ untilMs }]);
  t.same(
    codeOf(() => bans.checkIdentity('lobby', 'user-7')),
    { code: 'kicked', retryAfterMs: 600_000 },
  );
  clock.stepWall(600_000);
  t.equal(isBanned(bans, 'lobby', 'user-7'), false);
  t.strictSame(bans.list('lobby'), []);
  t.equal(bans.liftById(id), false);
  t.end();
});

test("a room's bans are listed while they hold, oldest first, and can be lifted", (t) => {
  const { clock, bans, store } = setUp();
  const startMs = clock.wallNow();
  const target = { name: 'Ada', reason: 'shouted', by: 'mod-1' };
  bans.add({ room: 'lobby', identity: 'user-7', ...target, durationMs: 30_000 });
  bans.add({ room: 'other', identity: 'user-7', by: null, durationMs: 30_000 });
  clock.advance(10_000);
  bans.add({ room: 'lobby', identity: 'user-8', by: null, durationMs: null });
  const common = { room: 'lobby', address: null };
  const ada = { ...common, identity: 'user-7', ...target, sinceMs: startMs, untilMs: startMs + 30_000 };
  const ben = {
    ...common,
    identity: 'user-8',
    name: '',
    reason: '',
    by: null,
    sinceMs: startMs + 10_000,
    untilMs: null,
  };
  const withoutId = ({ id: _, ...ban }: Ban) => ban;
  t.strictSame(bans.list('lobby').map(withoutId), [ada, ben]);
  t.equal(bans.all.length, 3);
  clock.advance(20_000);
  t.strictSame(bans.list('lobby').map(withoutId), [ben], 'it is over');
  t.equal(bans.lift('lobby', 'user-7'), false);
  t.equal(bans.lift('other', 'user-8'), false);
  t.same(
    codeOf(() => bans.checkIdentity('lobby', 'user-8')),
    { code: 'kicked', retryAfterMs: undefined },
  );
  t.equal(bans.lift('lobby', 'user-8'), true);
  t.equal(isBanned(bans, 'lobby', 'user-8'), false);
  t.strictSame(bans.list('lobby'), []);
  t.equal(bans.liftById('nothing'), false);
  t.equal(store.all('bans').size, 1, 'one that is over and that nobody has looked at');
  t.end();
});

test('an identity is banned from one room or from the server', (t) => {
  const { bans } = setUp();
  const { id } = bans.add({ identity: 'user-7', by: null, durationMs: null });
  t.equal(isBanned(bans, 'lobby', 'user-7'), true);
  t.equal(isBanned(bans, 'other', 'user-7'), true);
  t.equal(isBanned(bans, 'other', 'user-8'), false);
  t.equal(bans.lift('lobby', 'user-7'), false, 'that would be one of the room');
  bans.add({ room: 'lobby', identity: 'user-7', by: null, durationMs: null });
  t.equal(bans.liftById(id), true);
  t.equal(isBanned(bans, 'lobby', 'user-7'), true);
  t.equal(isBanned(bans, 'other', 'user-7'), false);
  t.end();
});

test('addresses and networks are banned everywhere, in each spelling', (t) => {
  const { clock, bans } = setUp();
  const isOut = (address: string) => codeOf(() => bans.checkAddress(address))?.code === 'kicked';
  const one = bans.add({ address: '::ffff:192.0.2.7', room: 'lobby', by: null, durationMs: null });
  t.match(one, { address: '192.0.2.7', room: null, identity: null });
  bans.add({ address: '198.51.100.9/24', by: null, durationMs: 10_000 });
  bans.add({ address: '2001:db8::1/32', by: null, durationMs: null });
  const table = [
    ['192.0.2.7', true],
    ['::ffff:192.0.2.7', true],
    ['192.0.2.8', false],
    ['198.51.100.255', true],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['', false],
  ] as const;
  for (const [address, out] of table) t.equal(isOut(address), out, address);
  clock.advance(10_000);
  t.equal(isOut('198.51.100.255'), false, 'it is over');
  bans.add({ address: '192.0.2.7/32', by: null, durationMs: 5000 });
  t.equal(bans.all.length, 2, 'the same address again');
  clock.advance(5000);
  t.equal(isOut('192.0.2.7'), false);
  t.end();
});

test('whoever is banned with one IPv6 address does not come back with the next', (t) => {
  const { bans } = setUp();
  const isOut = (address: string) => codeOf(() => bans.checkAddress(address))?.code === 'kicked';
  const ban = bans.add({ address: '2001:db8:1:2:3::4', by: null, durationMs: null });
  t.equal(ban.address, '2001:db8:1:2::/64');
  t.equal(isOut('2001:db8:1:2:aaaa::1'), true);
  t.equal(isOut('2001:db8:1:3::1'), false);
  t.equal(bans.concerns(ban, 'lobby', null, '2001:db8:1:2::9'), true);
  bans.add({ address: '2001:db8:1:2::7', by: null, durationMs: null });
  t.equal(bans.all.length, 1, 'the same subscriber again');
  bans.add({ address: '2001:db8:5::1/128', by: null, durationMs: null });
  t.equal(isOut('2001:db8:5::1'), true);
  t.equal(isOut('2001:db8:5::2'), false);
  t.end();
});

test('what cannot be banned', (t) => {
  const { bans } = setUp();
  const add = (who: object) => codeOf(() => bans.add({ by: null, durationMs: null, ...who }))?.code;
  for (const address of ['', '192.0.2', 'example.org', '10.0.0.0/7', '::/0', '2001::/15', 'fe80::1%eth0'])
    t.equal(add({ address }), 'invalid_request', address);
  for (const address of ['10.0.0.0/8', '2001::/16']) t.equal(add({ address }), undefined, address);
  t.equal(add({}), 'invalid_request');
  t.equal(add({ identity: 'a', address: '192.0.2.7' }), 'invalid_request');
  t.end();
});

test('bans are there again with the store of an earlier list', (t) => {
  const { clock, store, bans } = setUp();
  bans.add({ room: 'lobby', identity: 'user-7', by: null, durationMs: 30_000 });
  bans.add({ address: '192.0.2.0/24', by: null, durationMs: null });
  const later = new BanList(clock, store);
  t.strictSame(later.all, bans.all);
  t.equal(isBanned(later, 'lobby', 'user-7'), true);
  t.equal(codeOf(() => later.checkAddress('192.0.2.1'))?.code, 'kicked');
  t.end();
});

test('a full list of bans that are over is forgotten as fast in a cluster as on a server by itself', (t) => {
  const timeOf = (store: MemoryStore): number => {
    const clock = new FakeClock();
    const bans = new BanList(clock, store);
    for (let i = 0; i < 10_000; i++) bans.add({ room: 'lobby', identity: `user-${i}`, by: 'mod', durationMs: 1000 });
    clock.advance(1000);
    const beganMs = performance.now();
    bans.add({ room: 'lobby', identity: 'last', by: 'mod', durationMs: 1000 });
    t.equal(bans.all.length, 1);
    return performance.now() - beganMs;
  };
  const [shared] = sharedStores();
  const times = { alone: timeOf(new MemoryStore()), shared: timeOf(shared) };
  t.ok(times.shared < 10 * times.alone + 50, JSON.stringify(times));
  t.end();
});
