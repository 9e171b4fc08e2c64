import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { type Test, test } from 'tap';
import { type NodeRecord, signRecord } from '../../src/cluster/node-record.ts';
import { PeerDoor } from '../../src/cluster/peer-stream.ts';
import { Peers } from '../../src/cluster/peers.ts';
import { RedisEngine } from '../../src/cluster/redis-engine.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkCluster, judge } from '../../src/main/check/cluster.ts';
import { checkPeers } from '../../src/main/check/cluster-peers.ts';
import type { CheckInput } from '../../src/main/check/result.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { startRedis } from '../helpers/redis.ts';

function check(clusterEngine: string) {
  const config = { clusterEngine, clusterEnginePassword: '', clusterName: 'test' } as CheckInput['config'];
  return checkCluster({ config, clock: systemClock });
}

function judged(figures: Readonly<Record<string, string>>) {
  const good = { redis_version: '7.2.4', maxmemory_policy: 'noeviction', aof_enabled: '1' };
  return judge(new Map(Object.entries({ ...good, ...figures }))).map(({ status, text }) => `${status} ${text}`);
}

test('an engine has to be new enough, to forget nothing, and to keep everything on a disk', (t) => {
  t.match(judged({}), [/^ok .*7\.2\.4/]);
  t.match(judged({ redis_version: '6.2.0' }), [/^ok/]);
  for (const redis_version of ['6.0.16', '5.9.0', '', 'x'])
    t.match(judged({ redis_version }), [/^fail .*at least 6\.2/]);
  t.match(judged({ maxmemory_policy: 'allkeys-lru' }), [/^warn .*allkeys-lru.*noeviction/]);
  t.match(judged({ aof_enabled: '0' }), [/^warn .*appendonly yes/]);
  t.equal(judged({ maxmemory_policy: 'allkeys-lru', aof_enabled: '0' }).length, 2);
  t.end();
});

test('a server by itself has none, and one that is not reached is said to be so', async (t) => {
  t.same(await check(''), []);
  t.match(await check('redis://127.0.0.1:1'), [
    { name: 'cluster engine', status: 'fail', text: /no answer.*is alone/ },
  ]);
  t.match(await check('http://127.0.0.1:1'), [{ status: 'fail' }]);
});

const SECRET = 'a secret of the cluster with 32 bytes or more';
const NOTHING = 'http://127.0.0.1:1';

function record(node: string, change: Partial<NodeRecord> = {}): NodeRecord {
  return {
    node,
    incarnation: `1 of ${node}`,
    version: '1.0',
    url: '/ws',
    peer: NOTHING,
    region: '',
    load: 0,
    rooms: 0,
    people: 0,
    draining: false,
    settings: { 'cluster-lease-ms': '4000', 'cluster-span-percent': '60' },
    ...change,
  };
}

const OURS = {
  clusterSecret: SECRET,
  clusterNode: 'n1',
  clusterLeaseMs: 4000,
  clusterSpanPercent: 60,
  clusterEngineDown: 'hash',
} as CheckInput['config'];

/** An HTTP port of a server of the cluster. */
async function startPeer(t: Test, node: string, isDirect = true): Promise<string> {
  const options = { incarnation: `1 of ${node}`, secret: SECRET, nowMs: () => 5000, clock: systemClock };
  const peers = new Peers({ node, nodes: () => [], log: pino({ level: 'silent' }), ...options });
  peers.on('has', () => false);
  const door = new PeerDoor({
    purpose: 'client',
    secret: SECRET,
    clock: systemClock,
    onPeer: ({ stream }) => stream.on('error', () => {}),
  });
  const http = createServer((request, response) => {
    void peers.answer(request).then((answer) => response.writeHead(answer === undefined ? 404 : 200).end(answer));
  });
  http.on('upgrade', (request, socket, head) => {
    if (!isDirect || !door.upgrade(request, socket, head)) socket.destroy();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    door.close();
    http.close();
    http.closeAllConnections();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function peersOf(...records: readonly (NodeRecord | string)[]) {
  const nodes = new Map(
    records.map((one) =>
      typeof one === 'string' ? [one, signRecord(record(one), 'another')] : [one.node, signRecord(one, SECRET)],
    ),
  );
  const results = await checkPeers({ nowMs: 5000, nodes }, { config: OURS, clock: systemClock });
  return results.map(({ status, text }) => `${status} ${text}`);
}

test('the other servers are reached, in both ways, and have the same secret and settings', async (t) => {
  t.match(await peersOf(), [/^ok No other server/]);
  t.match(await peersOf(record('n1')), [/^ok No other server/], 'only itself');
  const [n2, n3] = [await startPeer(t, 'n2'), await startPeer(t, 'n3', false)];
  t.match(await peersOf(record('n2', { peer: n2 })), [/^ok .*: n2\./]);
  const settings = { 'cluster-lease-ms': '2000', 'cluster-span-percent': '60', 'of another version': '1' };
  t.match(await peersOf(record('n2', { peer: n2, settings })), [/^warn .*"n2".* of cluster-lease-ms\./]);
  t.match(await peersOf(record('n3', { peer: n3 }), record('n4'), 'n5'), [
    /^fail .*"n3" answers, but.*proxy/,
    /^fail .*"n4" does not answer/,
    /^fail .*"n5" has another cluster-secret/,
  ]);
  t.match(await peersOf(record('n2', { peer: n2, incarnation: 'another run' })), [/^fail .*does not answer/]);
});

test('redis-server', { skip: skipIfMissing(missingPackages(['redis-server'])) }, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const log = pino({ level: 'silent' });
  const engine = await RedisEngine.open({ url: redis.url, name: 'test', clock: systemClock, log });
  t.teardown(() => engine.close());
  const signed = signRecord(record('n2'), SECRET);
  await eventually(() => engine.isUp);
  await engine.beat({ node: 'n2', incarnation: '1 of n2', record: signed, leaseMs: 60_000 });
  const config = { ...OURS, clusterEngine: redis.url, clusterEnginePassword: '', clusterName: 'test' };
  t.match(await checkCluster({ config, clock: systemClock }), [
    { status: 'warn', text: /appendonly yes/ },
    { status: 'fail', text: /"n2" does not answer/ },
  ]);
  const { nowMs, nodes } = await engine.survey();
  t.ok(nowMs > 1_700_000_000_000);
  t.same([...nodes], [['n2', signed]], 'who checks is none of them');
});
