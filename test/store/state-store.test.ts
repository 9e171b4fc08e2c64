import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { type Test, test } from 'tap';
import { systemClock } from '../../src/lib/clock.ts';
import type { Ban } from '../../src/rooms/ban-list.ts';
import type { KeptRoom } from '../../src/rooms/ports.ts';
import { StateStore } from '../../src/store/state-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const ROOM: KeptRoom = {
  name: 'Lobby',
  permanent: true,
  locked: true,
  muted: ['user-7'],
  mutedInChat: [],
  password: null,
  settings: { maxTalkers: 3, teams: ['red', 'blue'] },
};
const BAN: Ban = {
  id: 'b1',
  room: 'lobby',
  identity: 'user-7',
  address: null,
  name: 'Ada',
  reason: 'shouted',
  by: 'mod-1',
  sinceMs: Date.UTC(2026, 0, 1),
  untilMs: Date.UTC(2026, 0, 2),
};

function setUp(t: Test) {
  const file = join(t.testdir(), 'data', 'state.json');
  const lines: { msg: string; level: string; err?: object }[] = [];
  const log = pino(
    { formatters: { level: (level) => ({ level }) } },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const open = () => StateStore.open({ file, clock: systemClock, log });
  return { file, open, lines };
}

test('what was kept is there again, in a file that people can read and others on the machine cannot', async (t) => {
  const { file, open } = setUp(t);
  const store = await open();
  t.equal(store.all('rooms').size, 0);
  t.throws(() => statSync(file), 'nothing is written before there is something to keep');
  store.set('rooms', 'lobby', ROOM);
  store.set('rooms', 'gone', ROOM);
  store.set('bans', BAN.id, BAN);
  store.set('bans', 'b2', { ...BAN, id: 'b2', identity: null, room: null, address: '192.0.2.0/24', untilMs: null });
  store.set('rooms', 'gone', null);
  await store.close();
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.same(readdirSync(join(file, '..')), ['state.json'], 'nothing is left over');
  t.match(JSON.parse(readFileSync(file, 'utf8')), {
    version: 2,
    rooms: { lobby: { name: 'Lobby', settings: { maxTalkers: 3 } } },
    bans: { b1: { identity: 'user-7', until: '2026-01-02T00:00:00.000Z' }, b2: { until: null } },
  });
  const again = await open();
  t.strictSame([...again.all('rooms')], [['lobby', ROOM]]);
  t.strictSame([...again.all('bans').values()], [...store.all('bans').values()]);
  t.strictSame(again.all('bans').get('b1'), BAN);
});

test('a room may have any name that rooms can have', async (t) => {
  const { open } = setUp(t);
  const store = await open();
  const names = ['__proto__', 'constructor', 'tostring', '7', 'größe/ärger'];
  for (const name of names) store.set('rooms', name, { ...ROOM, name });
  await store.close();
  t.strictSame([...(await open()).all('rooms').keys()].sort(), [...names].sort());
});

test('changes in a row are written one after the other, the last one too', async (t) => {
  const { file, open } = setUp(t);
  const store = await open();
  for (let i = 0; i < 20; i++) store.set('rooms', 'lobby', { ...ROOM, settings: { maxTalkers: i } });
  const saved = store.saved();
  store.set('rooms', 'lobby', { ...ROOM, settings: { maxTalkers: 99 } });
  await saved;
  t.match(JSON.parse(readFileSync(file, 'utf8')), { rooms: { lobby: { settings: { maxTalkers: 99 } } } });
});

test('a file that cannot be used is never replaced', async (t) => {
  const { file, open } = setUp(t);
  const store = await open();
  store.set('rooms', 'lobby', ROOM);
  store.set('bans', BAN.id, BAN);
  await store.close();
  const good = readFileSync(file, 'utf8');
  const withBans = (bans: Readonly<Record<string, object>>) => {
    const { bans: kept, ...rest } = JSON.parse(good);
    const changed = Object.entries(bans).map(([id, change]) => [id, { ...kept.b1, ...change }]);
    return JSON.stringify({ ...rest, bans: Object.fromEntries(changed) });
  };
  const table: readonly [text: string, says: RegExp][] = [
    ['', /it is not JSON/],
    [good.slice(0, -20), /it is not JSON/],
    ['{}', /it has no "format"/],
    [good.replace('"version": 2', '"version": 3'), /a newer version of Partyline wrote it/],
    [good.replace('"locked": true', '"locked": "yes"'), /rooms\.lobby\.locked/],
    [good.replace('"locked": true,', ''), /rooms\.lobby\.locked/],
    [good.replace('"maxTalkers"', '"maxTalker"'), /rooms\.lobby\.settings/],
    [good.replace('"reason"', '"why"'), /bans\.b1/],
    [good.replace('"bans"', '"bands"'), /bans/],
    [good.replace('2026-01-02T', '2026-41-02T'), /bans\.b1\.until/],
    [withBans({ b1: { address: '192.0.2.7' } }), /bans\.b1: it has neither an identity nor an address, or both/],
    [withBans({ b1: { identity: null } }), /bans\.b1: it has neither/],
    [withBans({ b1: { identity: null, address: '192.0.2.7/33' } }), /bans\.b1: it has neither/],
    [withBans({ b1: {}, b2: { name: 'Ada again' } }), /bans\.b2: it is for the same as bans\.b1/],
  ];
  for (const [text, says] of table) {
    writeFileSync(file, text);
    const error: Error = await open().then(
      () => t.fail(`usable: ${text}`) as never,
      (thrown: unknown) => thrown as Error,
    );
    t.match(error.message, says);
    t.match(error.message, /state\.json, .* Restore it from a backup, or move it away/);
    t.equal(readFileSync(file, 'utf8'), text);
  }
  rmSync(file);
  mkdirSync(file);
  await t.rejects(open(), { message: /it is not a file/ });
});

test('a file of the first version is read, and written as it is now', async (t) => {
  const { file, open } = setUp(t);
  mkdirSync(join(file, '..'), { recursive: true });
  const { permanent: _, ...room } = ROOM;
  writeFileSync(file, JSON.stringify({ format: 'partyline state', version: 1, rooms: { lobby: room }, bans: {} }));
  const store = await open();
  t.strictSame(store.all('rooms').get('lobby'), ROOM);
  const removal = { room: 'lobby', person: 'user-7', untilMs: Date.UTC(2026, 0, 3) };
  store.set('removed', 'lobby user-7', removal);
  await store.close();
  t.match(JSON.parse(readFileSync(file, 'utf8')), {
    version: 2,
    rooms: { lobby: { permanent: true } },
    removed: { 'lobby user-7': { until: '2026-01-03T00:00:00.000Z' } },
  });
  t.strictSame((await open()).all('removed').get('lobby user-7'), removal);
});

test('a file that another program has changed is not overwritten, and the operator is told', async (t) => {
  const { file, open, lines } = setUp(t);
  const store = await open();
  store.set('rooms', 'lobby', ROOM);
  await store.saved();
  t.equal(store.problem, undefined);
  const own = readFileSync(file, 'utf8');
  writeFileSync(file, own.replace('Lobby', 'LOBBY, by hand'));
  store.set('bans', BAN.id, BAN);
  await store.saved();
  t.match(store.problem, /would be lost\. The log says why/);
  t.notMatch(store.problem, /state\.json/, 'it is public');
  t.match(readFileSync(file, 'utf8'), /by hand/);
  t.match(lines, [
    { level: 'error', msg: 'rooms and bans could not be written', err: { message: /another program has changed it/ } },
  ]);
  await store.close();
  t.match(readFileSync(file, 'utf8'), /by hand/);
});

test('what cannot be written is written with the next change', async (t) => {
  const { file, open, lines } = setUp(t);
  const store = await open();
  writeFileSync(join(file, '..', '..', 'data'), 'a file where the directory should be');
  store.set('rooms', 'lobby', ROOM);
  await store.saved();
  t.match(store.problem, /^Rooms and bans cannot be written/);
  rmSync(join(file, '..'));
  store.set('bans', BAN.id, BAN);
  await store.saved();
  t.equal(store.problem, undefined);
  t.match(JSON.parse(readFileSync(file, 'utf8')), { rooms: { lobby: {} }, bans: { b1: {} } });
  t.match(lines, [{ level: 'error' }, { level: 'info', msg: 'rooms and bans are kept again' }]);
});

test('what cannot be written is written later without a change, at the latest when the server ends', async (t) => {
  const { file, lines } = setUp(t);
  const clock = new FakeClock();
  const log = pino({ level: 'error' }, { write: (line) => lines.push(JSON.parse(line)) });
  const store = await StateStore.open({ file, clock, log });
  const read = () => JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(join(file, '..'), 'a file where the directory should be');
  store.set('bans', BAN.id, BAN);
  await store.saved();
  clock.advance(10_000);
  await store.saved();
  t.match(store.problem, /would be lost/);
  t.equal(lines.length, 1, 'the same failure is logged once');
  rmSync(join(file, '..'));
  clock.advance(10_000);
  await store.saved();
  t.equal(store.problem, undefined);
  t.match(read(), { bans: { b1: {} } });

  renameSync(join(file, '..'), join(file, '..', '..', 'away'));
  writeFileSync(join(file, '..'), '');
  store.set('rooms', 'lobby', ROOM);
  await store.saved();
  t.match(store.problem, /would be lost/);
  rmSync(join(file, '..'));
  renameSync(join(file, '..', '..', 'away'), join(file, '..'));
  await store.close();
  t.match(read(), { bans: { b1: {} }, rooms: { lobby: {} } });
  t.equal(clock.pendingTimers, 0, 'nothing is left to do');
});
