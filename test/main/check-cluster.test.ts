import { test } from 'tap';
import { systemClock } from '../../src/lib/clock.ts';
import { checkCluster, judge } from '../../src/main/check/cluster.ts';
import type { CheckInput } from '../../src/main/check/result.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
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

test('redis-server', { skip: skipIfMissing(missingPackages(['redis-server'])) }, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  t.match(await check(redis.url), [{ status: 'warn', text: /appendonly yes/ }], 'this one has no disk');
});
