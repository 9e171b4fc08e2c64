/** Checks whether the engine of the cluster answers, whether it keeps what it is given, and whether other servers are reached. */
import pino from 'pino';
import { RedisEngine } from '../../cluster/redis-engine.ts';
import { within } from '../../lib/clock.ts';
import { checkPeers } from './cluster-peers.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';

const LIMIT_MS = 4000;
const RETRY_MS = 50;
/** Since then the scripts may do what they do. */
const LEAST_VERSION = [6, 2] as const;
const NAME = 'cluster engine';

/** Nothing for a server by itself. */
export async function checkCluster(input: CheckInput): Promise<readonly CheckResult[]> {
  const { config, clock } = input;
  const { clusterEngine: url, clusterEnginePassword: password, clusterName: name } = config;
  if (url === '') return [];
  let engine: RedisEngine | undefined;
  let isOver = false;
  try {
    const log = pino({ level: 'silent' });
    const opened = await RedisEngine.open({ url, ...(password !== '' && { password }), name, clock, log });
    engine = opened;
    const asking = async () => {
      while (!opened.isUp && !isOver)
        await new Promise<void>((resolve) => clock.setTimer(clock.now() + RETRY_MS, resolve));
      return opened.info();
    };
    const info = await within(clock, LIMIT_MS, asking());
    if (info === undefined) return [unusable('no answer')];
    const judged = judge(info);
    return judged.some(({ status }) => status === 'fail')
      ? judged
      : [...judged, ...(await checkPeers(await opened.survey(), input))];
  } catch (error) {
    return [unusable(reasonOf(error))];
  } finally {
    isOver = true;
    await engine?.close();
  }
}

function unusable(reason: string): CheckResult {
  const text = `The engine cannot be used: ${reason}. Check that it is running, cluster-engine, its password, and any firewalls in between. Until it is reached, this server is alone.`;
  return { name: NAME, status: 'fail', text };
}

/** @param info as `INFO` of Redis and Valkey tells it */
export function judge(info: ReadonlyMap<string, string>): readonly CheckResult[] {
  const version = info.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSION;
  const result = (status: CheckResult['status'], text: string): CheckResult => ({ name: NAME, status, text });
  if (!(major > leastMajor || (major === leastMajor && minor >= leastMinor)))
    return [
      result('fail', `Its version is ${version || 'unknown'}, and at least ${LEAST_VERSION.join('.')} is needed.`),
    ];
  const problems: CheckResult[] = [];
  const policy = info.get('maxmemory_policy');
  if (policy !== 'noeviction')
    problems.push(
      result(
        'warn',
        `Its maxmemory-policy is ${policy ?? 'unknown'}, so it may forget who has a room. Set noeviction.`,
      ),
    );
  if (info.get('aof_enabled') !== '1')
    problems.push(
      result(
        'warn',
        'It does not write every change to a disk. If it ends at the same time as all servers, permanent rooms and bans are lost. Set appendonly yes.',
      ),
    );
  return problems.length > 0
    ? problems
    : [result('ok', `It answers (version ${version}), and keeps what it is given.`)];
}
