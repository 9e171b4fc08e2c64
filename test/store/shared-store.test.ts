import pino from 'pino';
import { type Test, test } from 'tap';
import { KEPT_LAYOUT, type KeptWrite } from '../../src/cluster/engine.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Ban } from '../../src/rooms/ban-list.ts';
import type { KeptRoom } from '../../src/rooms/ports.ts';
import { SharedStore } from '../../src/store/shared-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryKeptLog, MemoryKeptStorage } from '../helpers/memory-kept-log.ts';

const SEAL = new Seal('a secret that all servers have, of some length', 'kept 1');
const ROOM: KeptRoom = {
  name: 'Lobby',
  permanent: true,
  locked: false,
  muted: ['user-7'],
  mutedInChat: [],
  password: null,
  settings: { maxTalkers: 3 },
};
const BAN: Ban = {
  id: 'b1',
  room: 'lobby',
  identity: 'user-7',
  address: null,
  name: 'Ada',
  reason: '',
  by: null,
  sinceMs: Date.UTC(2026, 0, 1),
  untilMs: null,
};

function setUp(t: Test) {
  const clock = new FakeClock();
  const storage = new MemoryKeptStorage(clock, { records: 1000, deleted: 5, page: 4 });
  const lines: { msg: string }[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const open = async (more: { seal?: Seal; fence?: (room: string) => KeptWrite['fence']; isUp?: boolean } = {}) => {
    const engine = new MemoryKeptLog(storage);
    engine.isUp = more.isUp ?? true;
    const opening = SharedStore.open({ engine, seal: SEAL, clock, log, ...more });
    const pass = setInterval(() => clock.advance(50), 1);
    const store = await opening.finally(() => clearInterval(pass));
    t.teardown(() => store.close());
    const heard: unknown[] = [];
    store.watch((table, key, record) => heard.push([table, key, record]));
    return { store, engine, heard };
  };
  /** Every server has written what it could, and then read what the others wrote. */
  const turn = async (...stores: readonly SharedStore[]) => {
    for (let i = 0; i < 2; i++) {
      clock.advance(1000);
      for (const store of stores) await store.idle();
    }
  };
  return { clock, storage, lines, open, turn };
}

test('what one server keeps, the others know soon, and one that starts later', async (t) => {
  const { open, turn, storage } = setUp(t);
  const [a, b] = [await open(), await open()];
  a.store.set('rooms', 'lobby', ROOM);
  a.store.set('bans', 'b1', BAN);
  t.strictSame(a.store.all('rooms').get('lobby'), ROOM, 'itself at once');
  await a.store.saved();
  t.equal(a.store.unsaved, 0);
  await turn(a.store, b.store);
  t.strictSame([...b.store.all('rooms')], [['lobby', ROOM]]);
  t.strictSame(b.heard, [
    ['rooms', 'lobby', ROOM],
    ['bans', 'b1', BAN],
  ]);
  t.strictSame(a.heard, [], 'nobody is told of their own changes');
  b.store.set('bans', 'b1', null);
  await turn(b.store, a.store);
  t.strictSame(a.heard, [['bans', 'b1', null]]);
  t.equal(a.store.all('bans').size, 0);
  const c = await open();
  t.strictSame([c.store.all('rooms').size, c.store.all('bans').size], [1, 0]);
  t.notMatch(JSON.stringify(storage.entries), /Lobby|user-7|Ada/, 'the engine can read nothing of it');
});

test('while the engine is away all goes on, and changes are written afterwards, the last of each record', async (t) => {
  const { open, turn } = setUp(t);
  const [a, b] = [await open(), await open()];
  a.engine.isUp = false;
  a.store.set('bans', 'b1', BAN);
  a.store.set('bans', 'b1', { ...BAN, reason: 'shouted' });
  a.store.set('bans', 'b2', { ...BAN, id: 'b2' });
  a.store.set('bans', 'b2', null);
  b.store.set('bans', 'b1', { ...BAN, reason: 'by another' });
  await a.store.saved();
  await turn(a.store, b.store);
  t.equal(a.store.unsaved, 2);
  t.equal(a.store.problem, undefined, 'it is no fault of the store');
  a.engine.isUp = true;
  await turn(a.store, b.store);
  t.equal(a.store.unsaved, 0);
  t.strictSame(b.store.all('bans'), new Map([['b1', { ...BAN, reason: 'shouted' }]]));
  t.strictSame(a.store.all('bans'), b.store.all('bans'), 'and both agree');
});

test('an engine that has lost everything is told, also what was deleted, by those who know it', async (t) => {
  const { open, turn, storage } = setUp(t);
  const [a, b] = [await open(), await open()];
  for (let i = 0; i < 10; i++) a.store.set('bans', `b${i}`, { ...BAN, id: `b${i}` });
  await turn(a.store, b.store);
  a.store.set('bans', 'b3', null);
  b.engine.isUp = false;
  await turn(a.store, b.store);
  storage.empty();
  b.engine.isUp = true;
  await turn(b.store);
  await turn(a.store);
  await turn(a.store, b.store);
  t.equal(b.store.all('bans').size, 9);
  t.strictSame([...b.store.all('bans').keys()].sort(), [...a.store.all('bans').keys()].sort());
  const c = await open();
  t.equal(c.store.all('bans').size, 9);
});

test('an engine that has lost its last changes, as after a failover, is told these', async (t) => {
  const { open, turn, storage } = setUp(t);
  const [a, b] = [await open(), await open()];
  a.store.set('bans', 'b1', BAN);
  a.store.set('bans', 'b2', { ...BAN, id: 'b2' });
  await turn(a.store, b.store);
  const fail = storage.copy();
  a.store.set('bans', 'b1', null);
  a.store.set('bans', 'b3', { ...BAN, id: 'b3' });
  await turn(a.store);
  fail();
  await turn(a.store);
  await turn(b.store, a.store);
  t.strictSame([...b.store.all('bans').keys()], ['b2', 'b3']);
  t.strictSame([...a.store.all('bans').keys()].sort(), ['b2', 'b3']);
});

test('a server that was away while very much was deleted forgets all of it', async (t) => {
  const { open, turn, storage } = setUp(t);
  const [a, b] = [await open(), await open()];
  for (let i = 0; i < 20; i++) a.store.set('bans', `b${i}`, { ...BAN, id: `b${i}` });
  await turn(a.store, b.store);
  b.engine.isUp = false;
  for (let i = 0; i < 18; i++) a.store.set('bans', `b${i}`, null);
  await turn(a.store, b.store);
  t.ok(storage.floor > 0, 'the engine has forgotten some');
  b.engine.isUp = true;
  await turn(b.store);
  t.strictSame([...b.store.all('bans').keys()], ['b18', 'b19']);
  t.equal(b.heard.filter((one) => JSON.stringify(one).endsWith('null]')).length, 18);
});

test('only who owns a room writes it, and whoever does not takes what the owner wrote', async (t) => {
  const { open, turn, storage } = setUp(t);
  const own = (node: string, epoch: number) => ({ fence: (room: string) => ({ room, node, epoch }) });
  const [old, next] = [await open(own('n1', 1)), await open(own('n2', 2))];
  storage.owners.set('lobby', { node: 'n1', epoch: 1 });
  old.store.set('rooms', 'lobby', ROOM);
  await turn(old.store, next.store);
  storage.owners.set('lobby', { node: 'n2', epoch: 2 });
  next.store.set('rooms', 'lobby', { ...ROOM, locked: true });
  await turn(next.store);
  old.store.set('rooms', 'lobby', { ...ROOM, muted: ['by one that slept'] });
  await turn(old.store);
  await turn(old.store, next.store);
  for (const { store } of [old, next]) t.strictSame(store.all('rooms').get('lobby'), { ...ROOM, locked: true });
  t.equal(old.store.unsaved, 0);
});

test('a server starts without the engine, and learns everything later', async (t) => {
  const { open, turn, lines } = setUp(t);
  const a = await open();
  a.store.set('bans', 'b1', BAN);
  await a.store.saved();
  const b = await open({ isUp: false });
  t.match(lines.at(-1), { msg: 'rooms and bans are not known until the engine of the cluster is reached' });
  b.store.set('bans', 'b2', { ...BAN, id: 'b2' });
  b.engine.isUp = true;
  await turn(b.store, a.store);
  t.strictSame([...b.store.all('bans').keys()].sort(), ['b1', 'b2']);
  t.strictSame(b.heard, [['bans', 'b1', BAN]]);
});

test('what a newer version or another secret wrote is a clear error, and is not overwritten', async (t) => {
  const { open, turn, storage } = setUp(t);
  const a = await open();
  a.store.set('rooms', 'lobby', ROOM);
  await a.store.saved();
  await t.rejects(open({ seal: new Seal('another secret of the same length as that', 'kept 1') }), {
    message: /"rooms lobby": it was written with another cluster-secret/,
  });
  storage.layout = KEPT_LAYOUT + 1;
  a.store.set('bans', 'b1', BAN);
  await turn(a.store);
  t.match(a.store.problem, /cannot all be used/);
  t.equal(storage.entries.length, 1);
  await t.rejects(open(), { message: /a newer version of Partyline wrote it \(its form is 2, known is 1\)/ });
  storage.layout = KEPT_LAYOUT;
  await turn(a.store);
  t.equal(a.store.problem, undefined);
});

test('a record that is damaged while the server runs does not keep it from others', async (t) => {
  const { open, turn, storage } = setUp(t);
  const a = await open();
  storage.put({ key: 'bans b1', value: 'nonsense' });
  storage.put({ key: 'bans b2', value: SEAL.seal('{"room":1}', 'bans b2') });
  storage.put({ key: 'unknown table', value: 'x' });
  storage.put({ key: 'bans b3', value: storage.get('bans b2')!.value });
  await (await open().catch(() => undefined))?.store.close();
  const good = { room: 'lobby', identity: 'x', address: null, name: '', reason: '', by: null };
  const text = JSON.stringify({ ...good, since: '2026-01-01T00:00:00.000Z', until: null });
  storage.put({ key: 'bans b4', value: SEAL.seal(text, 'bans b4') });
  await turn(a.store);
  t.strictSame([...a.store.all('bans').keys()], ['b4']);
  t.match(a.store.problem, /cannot all be used/);
  t.notMatch(a.store.problem, /b1/, 'everybody may read it');
  a.store.set('bans', 'b1', null);
  a.store.set('bans', 'b2', null);
  a.store.set('bans', 'b3', null);
  await turn(a.store);
  t.equal(a.store.problem, undefined);
});
