import { type Test, test } from 'tap';
import { EngineDown } from '../../src/cluster/engine.ts';
import { cases } from '../helpers/cases.ts';
import { createPrng } from '../helpers/prng.ts';
import { SimulatedCluster, type SimulatedNode } from '../helpers/simulated-cluster.ts';

const SEED = 20261130;
const LEASE_MS = 4000;
const NODES = 100;
/** Of ten people each. */
const ROOMS = cases(10_000);

const roomsOf = (count: number) => Array.from({ length: count }, (_, i) => `room ${i}`);

/** Every room with people is at one node that owns it, the engine knows that, and the load is spread. */
function isInOrder(t: Test, cluster: SimulatedCluster, rooms: number, what: string): void {
  const homes = cluster.homes();
  t.equal(cluster.joining, 0, `${what}: nobody waits`);
  t.equal(homes.size, rooms, `${what}: all rooms are open`);
  let wrong = 0;
  for (const [room, nodes] of homes) {
    const owner = cluster.storage.rooms.get(room);
    const [home = ''] = nodes;
    const isRight = nodes.length === 1 && owner?.node === home;
    if (!isRight || cluster.nodes.get(home)!.directory.epochOf(room) !== owner.epoch) wrong++;
  }
  t.equal(wrong, 0, `${what}: each at its owner`);
}

/** The longest that somebody has waited since the last call. */
function longestMs(cluster: SimulatedCluster): number {
  return cluster.waitsMs.splice(0).reduce((most, ms) => Math.max(most, ms), 0);
}

async function open(t: Test, nodes: number, rooms: number) {
  t.comment(`SEED=${SEED}`);
  const cluster = new SimulatedCluster(createPrng(SEED), LEASE_MS);
  for (let i = 0; i < nodes; i++) cluster.add(`n${i}`);
  await cluster.pass(LEASE_MS + 1000);
  for (const room of roomsOf(rooms)) void cluster.join(room);
  await cluster.pass(2000);
  return cluster;
}

test('a hundred nodes with a hundred thousand people', async (t) => {
  const cluster = await open(t, NODES, ROOMS);
  const all = (): SimulatedNode[] => [...cluster.nodes.values()];
  isInOrder(t, cluster, ROOMS, 'at first');
  t.ok(longestMs(cluster) <= 1000);
  const mean = ROOMS / NODES;
  for (const { rooms } of all()) t.ok(rooms.size < 2 * mean + 5, `${rooms.size} rooms at one node`);

  await t.test('five die', async (t) => {
    const dead = all().slice(0, 5);
    for (const node of dead) cluster.kill(node);
    await cluster.pass(10_000);
    isInOrder(t, cluster, ROOMS, 'after deaths');
    const longest = longestMs(cluster);
    t.ok(longest <= LEASE_MS + 2000, `${longest} ms`);
    t.equal(cluster.moves, 0, 'nobody else moved');
    t.same(cluster.failed.splice(0).sort(), dead.map(({ name }) => name).sort(), 'one of the others says so, once');
    for (const { name } of dead) cluster.add(name);
    await cluster.pass(LEASE_MS + 1000);
  });

  await t.test('three stand still for longer than their lease', async (t) => {
    const frozen = all().slice(10, 13);
    const theirs = new Map(frozen.map((node) => [node, [...node.rooms]]));
    for (const { clock } of frozen) clock.state = 'stands still';
    // Some of their people notice, and join again.
    for (const rooms of theirs.values()) for (const room of rooms.slice(0, 10)) void cluster.join(room);
    await cluster.pass(20_000);
    const longest = longestMs(cluster);
    // Whoever asked one that stands still has waited for it once.
    t.ok(longest <= LEASE_MS + 8000 + 2000, `${longest} ms`);
    t.same(cluster.failed.splice(0).sort(), frozen.map(({ name }) => name).sort());
    for (const { clock } of frozen) clock.goOn();
    await cluster.pass(10_000);
    isInOrder(t, cluster, ROOMS, 'after the sleep');
    const lost = [...theirs.values()].reduce((sum, rooms) => sum + Math.min(10, rooms.length), 0);
    t.equal(cluster.moves, lost, 'those whose room was taken moved, and nobody else');
    cluster.moves = 0;
  });

  await t.test('the engine is away for 30 s', async (t) => {
    for (const { engine } of all()) engine.isUp = false;
    for (const room of roomsOf(50)) void cluster.join(`new ${room}`);
    await cluster.pass(30_000, () => {
      for (const nodes of cluster.homes().values()) if (nodes.length > 1) t.fail('a room at two nodes');
    });
    t.equal(cluster.moves, 0);
    longestMs(cluster);
    for (const { engine } of all()) engine.isUp = true;
    await cluster.pass(10_000);
    isInOrder(t, cluster, ROOMS + 50, 'with the engine again');
    t.equal(cluster.moves, 0, 'nobody noticed');
  });

  await t.test('the engine comes back without anything', async (t) => {
    for (const { engine } of all()) engine.isUp = false;
    await cluster.pass(6000);
    cluster.storage.empty();
    for (const { engine } of all()) engine.isUp = true;
    await cluster.pass(10_000);
    isInOrder(t, cluster, ROOMS + 50, 'after the loss');
    t.equal(cluster.moves, 0, 'nobody noticed');
  });

  await t.test('three are cut off from the engine, and still answer', async (t) => {
    const cut = all().slice(20, 23);
    for (const { engine } of cut) engine.isUp = false;
    await cluster.pass(LEASE_MS + 1000);
    // Their leases have ended, and people join their rooms.
    for (const { rooms } of cut) for (const room of [...rooms].slice(0, 10)) void cluster.join(room);
    await cluster.pass(7000, () => {
      for (const nodes of cluster.homes().values()) if (nodes.length > 1) t.fail('a room at two nodes');
    });
    for (const { engine } of cut) engine.isUp = true;
    await cluster.pass(10_000);
    isInOrder(t, cluster, ROOMS + 50, 'after the cut');
    t.equal(cluster.moves, 0);
    longestMs(cluster);
  });

  await t.test('two drain, and get no new rooms', async (t) => {
    const draining = all().slice(30, 32);
    for (const node of draining) node.isDraining = true;
    await cluster.pass(3000);
    const before = draining.map(({ rooms }) => rooms.size);
    for (const room of roomsOf(300)) void cluster.join(`later ${room}`);
    await cluster.pass(5000);
    t.strictSame(
      draining.map(({ rooms }) => rooms.size),
      before,
    );
    isInOrder(t, cluster, ROOMS + 350, 'while they drain');
    longestMs(cluster);
    cluster.moves = 0;
    // As `RoomMover` does it, all at once: who is in a room is led to its next node.
    await Promise.all(
      draining.flatMap((node) =>
        [...node.rooms].map(async (room) => {
          if ((await node.directory.handOver(room)) === undefined) return;
          node.rooms.delete(room);
          void cluster.join(room);
        }),
      ),
    );
    await cluster.pass(5000);
    t.strictSame(
      draining.map(({ rooms }) => rooms.size),
      [0, 0],
    );
    isInOrder(t, cluster, ROOMS + 350, 'when they have given their rooms away');
    const longest = longestMs(cluster);
    t.ok(longest <= 1500, `${longest} ms`);
    t.strictSame([cluster.moves, cluster.failed.splice(0).length], [0, 0], 'nothing was taken');
  });

  await t.test('three are cut off from the engine and from all others, but not from their people', async (t) => {
    const cut = all().slice(40, 43);
    for (const node of cut) {
      node.engine.isUp = false;
      node.isCutOff = true;
    }
    await cluster.pass(LEASE_MS + 1000);
    const theirs = cut.flatMap(({ rooms }) => [...rooms].slice(0, 10));
    for (const room of theirs) void cluster.join(room);
    await cluster.pass(20_000);
    const longest = longestMs(cluster);
    t.ok(longest <= LEASE_MS + 2000, `${longest} ms`);
    for (const node of cut) {
      node.engine.isUp = true;
      node.isCutOff = false;
    }
    await cluster.pass(10_000);
    isInOrder(t, cluster, ROOMS + 350, 'after the partition');
    t.ok(cluster.moves > 0 && cluster.moves <= theirs.length, `${cluster.moves} of ${theirs.length} had two homes`);
    t.ok(cluster.failed.length <= cut.length, 'nobody else is said to have failed');
  });

  await t.test('epochs only grow, and nothing is left when all have gone', async (t) => {
    const last = new Map<string, number>();
    let fell = 0;
    for (const { room, owner } of cluster.storage.history) {
      if (owner.epoch < (last.get(room) ?? 0)) fell++;
      last.set(room, owner.epoch);
    }
    t.equal(fell, 0);
    for (const room of cluster.homes().keys()) cluster.leave(room);
    await cluster.pass(2000);
    t.equal(cluster.storage.rooms.size, 0);
    for (const { directory } of all()) t.equal(directory.figures.owned, 0);
  });
});

test('a node that has just come does not take rooms from owners without a lease', async (t) => {
  const cluster = await open(t, 2, 20);
  const [a, b] = [...cluster.nodes.values()] as [SimulatedNode, SimulatedNode];
  // All leases end, as when the engine was away, and one node is first to come back.
  for (const { engine } of [a, b]) engine.isUp = false;
  await cluster.pass(10_000);
  a.engine.isUp = true;
  b.isCutOff = true;
  await cluster.pass(1500);
  const [room = ''] = b.rooms;
  t.match(await a.directory.place(room), { at: 'unknown' });
  b.engine.isUp = true;
  b.isCutOff = false;
  await cluster.pass(3000);
  t.match(await a.directory.place(room), { at: 'elsewhere', url: b.name });
});

test('a room that nobody enters is given back', async (t) => {
  const cluster = await open(t, 1, 0);
  const [node] = [...cluster.nodes.values()] as [SimulatedNode];
  t.match(await node.directory.place('refused'), { at: 'here' });
  t.equal(cluster.storage.rooms.has('refused'), true);
  await cluster.pass(12_000);
  t.equal(cluster.storage.rooms.has('refused'), false);
  t.equal(node.directory.figures.owned, 0);
});

test('a room that the operator opens is claimed; if another node has it, its people go there', async (t) => {
  const cluster = await open(t, 2, 0);
  const [a, b] = [...cluster.nodes.values()] as [SimulatedNode, SimulatedNode];
  a.directory.opened('lobby');
  a.rooms.add('lobby');
  t.equal(a.directory.epochOf('lobby'), null);
  await cluster.pass(1500);
  t.equal(cluster.storage.rooms.get('lobby')?.node, a.name);
  b.directory.opened('lobby');
  b.rooms.add('lobby');
  await cluster.pass(1500);
  t.equal(b.rooms.has('lobby'), false);
  t.equal(b.directory.figures.fenced, 1);
  t.match(await b.directory.place('lobby'), { at: 'elsewhere', url: a.name });
});

test('two processes with one name: the second gets no rooms', async (t) => {
  const cluster = await open(t, 1, 0);
  const [first] = [...cluster.nodes.values()] as [SimulatedNode];
  const second = cluster.add(first.name);
  await cluster.pass(3000);
  t.equal(second.directory.figures.isEngineUp, false);
  t.match(await second.directory.place('hall'), { at: 'unknown' });
  t.match(await first.directory.place('hall'), { at: 'here' });
});

test('the engine loses everything at once: rooms stay where they are, though no lease has ended', async (t) => {
  const cluster = await open(t, 3, 30);
  cluster.storage.empty();
  await cluster.pass(2000);
  isInOrder(t, cluster, 30, 'after the loss');
  for (const room of roomsOf(30)) void cluster.join(room);
  await cluster.pass(3000);
  isInOrder(t, cluster, 30, 'when others have come');
  t.equal(cluster.moves, 0, 'nobody moved');
});

test('whoever joins while the engine has lost everything takes no room away from those who are in it', async (t) => {
  const cluster = await open(t, 1, 0);
  // They do not speak to the engine at the same time.
  for (const name of ['n1', 'n2']) {
    await cluster.pass(300);
    cluster.add(name);
  }
  await cluster.pass(LEASE_MS + 1000);
  for (const room of roomsOf(30)) void cluster.join(room);
  await cluster.pass(2000);
  longestMs(cluster);
  cluster.storage.empty();
  await cluster.pass(1500, () => {
    for (const room of roomsOf(30)) void cluster.join(room);
  });
  await cluster.pass(5000);
  isInOrder(t, cluster, 30, 'afterwards');
  t.equal(cluster.moves, 0, 'nobody moved');
  t.ok(longestMs(cluster) <= 6000);
});

test('an engine that is lost while it is told is told the rest later', async (t) => {
  const cluster = await open(t, 1, 250);
  const [node] = [...cluster.nodes.values()] as [SimulatedNode];
  cluster.storage.empty();
  let left = 120;
  node.engine.before = async () => {
    if (left-- <= 0) throw new EngineDown('it is away');
  };
  await cluster.pass(1500);
  t.ok(cluster.storage.rooms.size < 250, `${cluster.storage.rooms.size} rooms are known`);
  node.engine.before = async () => {};
  await cluster.pass(2500);
  isInOrder(t, cluster, 250, 'afterwards');
});

test('a room that closes while the engine is asked about it is left to nobody', async (t) => {
  const cluster = await open(t, 1, 1);
  const [node] = [...cluster.nodes.values()] as [SimulatedNode];
  const { directory, engine } = node;
  let close: string | undefined;
  const closed = async <T>(answer: T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (close !== undefined) cluster.leave(close);
    close = undefined;
    return answer;
  };
  const [reassert, claim] = [engine.reassert.bind(engine), engine.claim.bind(engine)];
  engine.reassert = async (...asked) => closed(await reassert(...asked));
  engine.claim = async (asked) => closed(await claim(asked));

  cluster.storage.empty();
  close = 'room 0';
  await cluster.pass(2000);
  t.equal(close, undefined, 'it was told again');
  t.strictSame([cluster.storage.rooms.size, directory.figures.owned], [0, 0]);

  directory.opened('lobby');
  node.rooms.add('lobby');
  close = 'lobby';
  await cluster.pass(2000);
  t.equal(close, undefined, 'it was claimed');
  await cluster.pass(12_000);
  t.strictSame([cluster.storage.rooms.size, directory.figures.owned], [0, 0]);
});

test('names that strangers ask for are forgotten while the engine is away, too', async (t) => {
  const cluster = await open(t, 1, 0);
  const [node] = [...cluster.nodes.values()] as [SimulatedNode];
  node.engine.isUp = false;
  for (const room of roomsOf(100)) t.match(await node.directory.place(room), { at: 'here' });
  node.rooms.add('room 7');
  await cluster.pass(13_000);
  t.equal(node.directory.figures.owned, 1);
  t.match(await node.directory.place('room 7'), { at: 'here' });
});

test('a room that was handed over, though the answer was lost, is not at two nodes', async (t) => {
  const cluster = await open(t, 2, 1);
  const [a] = [...cluster.nodes.values()].filter(({ rooms }) => rooms.size > 0) as [SimulatedNode];
  const move = a.engine.move.bind(a.engine);
  a.engine.move = async (...asked) => {
    await move(...asked);
    throw new EngineDown('the answer comes too late');
  };
  t.equal(await a.directory.handOver('room 0'), undefined);
  await cluster.pass(3000);
  isInOrder(t, cluster, 1, 'afterwards');
  t.equal(a.rooms.size, 0);
});
