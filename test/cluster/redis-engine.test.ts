import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pino from 'pino';
import { type Test, test } from 'tap';
import {
  type Engine,
  EngineDown,
  type KeptAnswer,
  type KeptChange,
  type KeptLog,
  type KeptPosition,
  type KeptWrite,
  type Owner,
} from '../../src/cluster/engine.ts';
import { RedisEngine } from '../../src/cluster/redis-engine.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryEngine, MemoryStorage } from '../helpers/memory-engine.ts';
import { MemoryKeptLog, MemoryKeptStorage } from '../helpers/memory-kept-log.ts';
import { startRedis } from '../helpers/redis.ts';

const LATER_MS = 60_000;
const FEW = { records: 30, deleted: 5, page: 4 };

/** What both the scripts and their copy in memory have to do. `pass` lets a time pass. */
async function contract(t: Test, engine: Engine, pass: (ms: number) => Promise<void>): Promise<void> {
  const beat = (node: string, leaseMs = 60_000, incarnation = `1 of ${node}`) =>
    engine.beat({ node, incarnation, record: `record of ${node}`, leaseMs });
  const { nowMs } = await beat('n1');
  const deadlineMs = nowMs + LATER_MS;
  const claim = (room: string, target: string, more: Partial<Parameters<Engine['claim']>[0]> = {}) =>
    engine.claim({ room, node: 'n1', incarnation: '1 of n1', target, deadlineMs, ...more });

  await t.test('a lease has one holder, and all see who has one', async (t) => {
    t.strictSame([...(await beat('n2')).nodes].sort(), [
      ['n1', 'record of n1'],
      ['n2', 'record of n2'],
    ]);
    const other = await beat('n2', 60_000, '2 of n2');
    t.equal(other.isTaken, true);
    t.strictSame([...other.nodes], []);
    t.equal(other.isRenewed, false);
    const again = await beat('n2');
    t.strictSame([again.isTaken, again.isRenewed], [false, true]);
    const first = await beat('n9', 200);
    t.strictSame([first.isTaken, first.isRenewed], [false, false]);
    await pass(300);
    t.equal((await beat('n9', 1)).isRenewed, false, 'the engine has no such lease any more');
    await pass(10);
  });

  await t.test('a room has one owner, whoever asks first', async (t) => {
    const first = await claim('hall', 'n2');
    if (first.result !== 'owned') throw new Error(first.result);
    t.equal(first.owner.node, 'n2');
    t.ok(first.owner.epoch >= nowMs, 'the epoch is not behind the clock');
    t.strictSame(await claim('hall', 'n1'), first);
    t.strictSame(await engine.ownerOf('hall'), first.owner);
    t.equal(await engine.ownerOf('nothing'), undefined);
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => claim('crowd', i % 2 === 0 ? 'n1' : 'n2')));
    t.equal(new Set(many.map((answer) => JSON.stringify(answer))).size, 1);
  });

  await t.test('a claim that comes too late, or without a lease, is refused', async (t) => {
    t.strictSame(await claim('late', 'n1', { deadlineMs: nowMs - 1 }), { result: 'refused' });
    t.strictSame(await claim('late', 'n1', { incarnation: '2 of n1' }), { result: 'refused' });
    t.strictSame(await claim('late', 'nobody'), { result: 'refused' });
    t.equal((await claim('late', 'n1')).result, 'owned');
  });

  await t.test('an owner is replaced only without a lease, and by who knows exactly whom', async (t) => {
    await beat('n3', 300);
    const before = await claim('stage', 'n3');
    if (before.result !== 'owned') throw new Error(before.result);
    t.strictSame(await claim('stage', 'n1', { insteadOf: before.owner }), before, 'it lives');
    await pass(400);
    t.strictSame(await claim('stage', 'n1'), { result: 'orphan', owner: before.owner });
    const other = { ...before.owner, epoch: before.owner.epoch - 1 };
    t.equal((await claim('stage', 'n1', { insteadOf: other })).result, 'orphan');
    const after = await claim('stage', 'n1', { insteadOf: before.owner });
    if (after.result !== 'owned') throw new Error(after.result);
    t.equal(after.owner.node, 'n1');
    t.ok(after.owner.epoch > before.owner.epoch);
    t.strictSame(await engine.reassert('stage', before.owner), after.owner, 'the one before is told who owns it');
    await engine.release('stage', before.owner);
    t.strictSame(await claim('stage', 'n2'), after, 'and cannot release it');
    await engine.release('stage', after.owner);
    const next = await claim('stage', 'n2');
    t.equal(next.result === 'owned' && next.owner.node, 'n2');
  });

  await t.test('an owner gives a room to another node that lives', async (t) => {
    const before = await claim('given', 'n1');
    if (before.result !== 'owned') throw new Error(before.result);
    t.equal(await engine.move('given', before.owner, 'nobody'), undefined);
    t.equal(await engine.move('given', { ...before.owner, epoch: before.owner.epoch - 1 }, 'n2'), undefined);
    t.equal(await engine.move('given', { ...before.owner, node: 'n2' }, 'n2'), undefined);
    t.equal(await engine.move('nothing', before.owner, 'n2'), undefined);
    const after = await engine.move('given', before.owner, 'n2');
    t.equal(after?.node, 'n2');
    t.ok((after?.epoch ?? 0) > before.owner.epoch);
    t.strictSame(await claim('given', 'n1'), { result: 'owned', owner: after });
    t.equal(await engine.move('given', before.owner, 'n2'), undefined, 'only once');
  });

  await t.test('an engine that has lost everything is told by the owners', async (t) => {
    const owner = { node: 'n2', epoch: nowMs + 5 };
    t.strictSame(await engine.reassert('told', owner), owner);
    t.strictSame(await engine.reassert('told', { node: 'n1', epoch: nowMs + 4 }), owner);
    t.strictSame(await engine.reassert('told', { node: 'n1', epoch: nowMs + 5 }), owner, 'the first of two equals');
    const higher = { node: 'n1', epoch: nowMs + 6 };
    t.strictSame(await engine.reassert('told', higher), higher);
    t.strictSame(await claim('told', 'n2'), { result: 'owned', owner: higher });
  });

  await t.test('one reporter says that a process has failed', async (t) => {
    t.equal(await engine.reportFailure('1 of n9', '1 of n1'), true);
    t.equal(await engine.reportFailure('1 of n9', '1 of n2'), false);
    t.equal(await engine.reportFailure('1 of n9', '1 of n1'), true, 'it did not hear the answer');
    t.equal(await engine.reportFailure('2 of n9', '1 of n2'), true);
  });

  await t.test('a process that is gone loses its lease, and only that process', async (t) => {
    await engine.bury('n2', '2 of n2');
    t.equal((await claim('hall', 'n1')).result, 'owned');
    await engine.bury('n2', '1 of n2');
    t.equal((await claim('hall', 'n1')).result, 'orphan');
    t.equal((await engine.ownerOf('hall'))?.node, 'n2', 'also if it is gone');
    t.strictSame([...(await beat('n1')).nodes.keys()], ['n1']);
    t.equal((await beat('n2', 60_000, '2 of n2')).isTaken, false);
  });
}

/** The same for an engine that remembers dead nodes for 50 ms. */
async function forgettingContract(t: Test, engine: Engine, pass: (ms: number) => Promise<void>): Promise<void> {
  const beat = (node: string, leaseMs = 60_000) =>
    engine.beat({ node, incarnation: `1 of ${node}`, record: `record of ${node}`, leaseMs });
  const { nowMs } = await beat('n1');
  await beat('n2');
  const claim = (room: string, target: string) =>
    engine.claim({ room, node: 'n1', incarnation: '1 of n1', target, deadlineMs: nowMs + LATER_MS });
  for (const [room, target] of [
    ['mine', 'n1'],
    ['theirs', 'n2'],
    ['taken', 'n2'],
  ] as const)
    t.equal((await claim(room, target)).result, 'owned');
  const owned = await engine.someOwned('n2');
  t.strictSame([...owned.keys()].sort(), ['taken', 'theirs']);
  t.equal(owned.get('theirs'), (await engine.ownerOf('theirs'))?.epoch);
  t.equal((await engine.someOwned('nobody')).size, 0);
  await engine.bury('n2', '1 of n2');
  await beat('n2');
  await pass(60);
  await beat('n1');
  t.equal((await engine.ownerOf('theirs'))?.node, 'n2', 'it has a lease');
  await engine.bury('n2', '1 of n2');
  const before = await claim('taken', 'n1');
  if (before.result !== 'orphan') throw new Error(before.result);
  const insteadOf = before.owner;
  await engine.claim({
    room: 'taken',
    node: 'n1',
    incarnation: '1 of n1',
    target: 'n1',
    deadlineMs: nowMs + LATER_MS,
    insteadOf,
  });
  await beat('n1');
  t.equal(await engine.ownerOf('theirs'), undefined, 'it was not heard of for long');
  t.equal((await engine.someOwned('n2')).size, 0);
  t.equal((await engine.ownerOf('taken'))?.node, 'n1');
  t.equal((await engine.ownerOf('mine'))?.node, 'n1', 'this one has a lease');
  const again = await claim('theirs', 'n1');
  t.ok(again.result === 'owned' && again.owner.epoch > (owned.get('theirs') ?? 0), 'its epoch grows nevertheless');
}

/** The same for what is kept. `lose` empties it; `own` says who owns a room. */
async function keptContract(
  t: Test,
  log: KeptLog,
  lose: () => Promise<void>,
  own: (room: string, owner: Owner) => Promise<void>,
) {
  const write = async (key: string, value: string | null, fence?: KeptWrite['fence']) =>
    log.writeKept({ key, value, fence });
  const versionOf = (answer: KeptAnswer) => (answer.result === 'written' ? answer.version : Number.NaN);
  const readAll = async (since: Omit<KeptPosition, 'isContinued'> = { generation: '', position: 0 }) => {
    const changes: KeptChange[] = [];
    let page = await log.readKept({ ...since, isContinued: false });
    const { isWhole } = page;
    while (page.changes.length > 0) {
      changes.push(...page.changes);
      page = await log.readKept({ generation: page.generation, position: page.position, isContinued: true });
    }
    return { changes, isWhole, generation: page.generation, position: page.position, top: page.top };
  };

  await t.test('the last change of each record is read, in order, once', async (t) => {
    const empty = await readAll();
    t.strictSame([empty.changes, empty.isWhole, empty.position], [[], true, 0]);
    const first = versionOf(await write('bans b1', 'one'));
    const second = versionOf(await write('bans b2', 'two'));
    const third = versionOf(await write('bans b1', 'three'));
    t.ok(first < second && second < third);
    const all = await readAll(empty);
    t.strictSame(all.changes, [
      { key: 'bans b2', version: second, value: 'two' },
      { key: 'bans b1', version: third, value: 'three' },
    ]);
    t.strictSame([all.isWhole, all.position, all.top], [false, third, third]);
    const fourth = versionOf(await write('bans b2', null));
    t.strictSame((await readAll(all)).changes, [{ key: 'bans b2', version: fourth, value: null }]);
  });

  await t.test('only the owner of a room writes it', async (t) => {
    const fence = { room: 'hall', node: 'n1', epoch: 7 };
    t.equal((await write('rooms hall', 'by nobody', fence)).result, 'written');
    await own('hall', { node: 'n2', epoch: 8 });
    t.same(await write('rooms hall', 'by the one before', fence), { result: 'fenced' });
    t.same(await write('rooms hall', 'late', { ...fence, epoch: null }), { result: 'fenced' });
    t.same(await write('rooms hall', 'before it slept', { room: 'hall', node: 'n2', epoch: 6 }), { result: 'fenced' });
    t.equal((await write('rooms hall', 'by the owner', { room: 'hall', node: 'n2', epoch: 8 })).result, 'written');
    t.equal((await write('rooms hall', 'soon', { room: 'hall', node: 'n2', epoch: null })).result, 'written');
  });

  await t.test('one that has lost everything is told, and believes what is newer', async (t) => {
    const before = await readAll();
    await lose();
    const after = await readAll(before);
    t.not(after.generation, before.generation);
    t.strictSame([after.isWhole, after.changes], [true, []]);
    const newest = versionOf(await write('bans b1', 'new'));
    t.ok(newest > before.top);
    for (const change of before.changes) await log.restoreKept(change);
    const told = await readAll(after);
    const texts = Object.fromEntries(told.changes.map(({ key, value }) => [key, value]));
    t.strictSame(texts, { 'bans b1': 'new', 'bans b2': null, 'rooms hall': 'soon' });
    const versions = before.changes.map(({ key, version }) => [key, key === 'bans b1' ? newest : version]);
    t.strictSame(
      Object.fromEntries(told.changes.map(({ key, version }) => [key, version])),
      Object.fromEntries(versions),
    );
    await log.restoreKept({ key: 'bans b2', version: 1, value: 'old' });
    t.strictSame((await readAll(told)).changes, []);
  });

  await t.test('many are read in pages, and what was deleted is forgotten in the end', async (t) => {
    const start = await readAll();
    const keys = Array.from({ length: FEW.deleted + 3 }, (_, i) => `bans many-${i}`);
    for (const key of keys) await write(key, 'x');
    const some = await log.readKept({ ...start, isContinued: false });
    t.equal(some.changes.length, FEW.page);
    for (const key of keys) await write(key, null);
    const page = { generation: some.generation, position: some.position };
    t.equal((await log.readKept({ ...page, isContinued: false })).isWhole, true, 'it may have missed something');
    t.equal((await log.readKept({ ...page, isContinued: true })).isWhole, false);
    const { changes } = await readAll();
    t.equal(changes.length, FEW.deleted + 2);
    t.equal(
      changes.some(({ key }) => key === keys[0]),
      false,
    );
    const more = Array.from({ length: FEW.records }, (_, i) => write(`bans more-${i}`, 'x'));
    t.equal((await Promise.all(more)).at(-1)?.result, 'full');
    t.equal((await write('bans b1', 'it is there already')).result, 'written');
  });
}

test('the engine in memory', async (t) => {
  const clock = new FakeClock();
  const storage = new MemoryKeptStorage(clock, FEW);
  await keptContract(
    t,
    new MemoryKeptLog(storage),
    async () => {
      clock.advance(1000);
      storage.empty();
    },
    async (room, owner) => void storage.owners.set(room, owner),
  );
  await contract(t, new MemoryEngine(new MemoryStorage(clock)), async (ms) => {
    clock.advance(ms);
  });
  const short = Object.assign(new MemoryStorage(clock), { rememberMs: 50 });
  await forgettingContract(t, new MemoryEngine(short), async (ms) => void clock.advance(ms));
});

test('redis-server', { skip: skipIfMissing(missingPackages(['redis-server'])) }, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const open = async (t: Test, name = 'test', more: { rememberMs?: number } = {}) => {
    const engine = await RedisEngine.open({
      url: redis.url,
      name,
      kept: FEW,
      clock: systemClock,
      ...more,
      log: pino({ level: 'silent' }),
    });
    t.teardown(() => engine.close());
    await eventually(() => engine.isUp);
    return engine;
  };

  await t.test('does what the copy does', async (t) => contract(t, await open(t), wait));

  await t.test('forgets what nobody needs', async (t) =>
    forgettingContract(t, await open(t, 'forgetful', { rememberMs: 50 }), wait),
  );

  await t.test('keeps what the copy keeps', async (t) => {
    const engine = await open(t, 'kept');
    const lose = async () => {
      await redis.restart();
      await eventually(() => engine.isUp);
    };
    await keptContract(t, engine, lose, async (room, owner) => void (await engine.reassert(room, owner)));
  });

  await t.test('without a connection every call fails at once, and the connection comes back by itself', async (t) => {
    const engine = await open(t);
    const beat = () => engine.beat({ node: 'x', incarnation: '1', record: 'r', leaseMs: 1000 });
    await redis.kill();
    await eventually(() => !engine.isUp);
    await t.rejects(beat(), EngineDown);
    await redis.restart();
    await eventually(() => engine.isUp);
    t.equal((await beat()).isTaken, false);
  });

  await t.test(
    'an engine that stands still is noticed after a second, and what it does later is refused',
    async (t) => {
      const engine = await open(t);
      const { nowMs } = await engine.beat({ node: 'y', incarnation: '1', record: 'r', leaseMs: 600_000 });
      process.kill(redis.pid, 'SIGSTOP');
      const claim = { room: 'frozen', node: 'y', incarnation: '1', target: 'y', deadlineMs: nowMs + 500 };
      await t.rejects(engine.claim(claim), EngineDown);
      process.kill(redis.pid, 'SIGCONT');
      const owner = { node: 'z', epoch: 1 };
      t.strictSame(await (await open(t)).reassert('frozen', owner), owner, 'nobody owns it');
    },
  );
});

test('the log says once why the engine refuses what it is sent', async (t) => {
  const refusal = "OOM command not allowed when used memory > 'maxmemory'.";
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const [, name] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
        socket.write(name === 'EVAL' ? `-${refusal}\r\n` : '+OK\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const lines: { msg: string; err: { message: string } }[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) });
  const { port } = server.address() as AddressInfo;
  const engine = await RedisEngine.open({ url: `redis://127.0.0.1:${port}`, name: 'test', clock: systemClock, log });
  t.teardown(() => engine.close());
  await eventually(() => engine.isUp);
  for (let i = 0; i < 3; i++) await t.rejects(engine.release('hall', { node: 'n1', epoch: 1 }), EngineDown);
  t.match(lines, [{ msg: 'the engine of the cluster refuses commands', err: { message: refusal } }]);
  t.equal(lines.length, 1);
});
