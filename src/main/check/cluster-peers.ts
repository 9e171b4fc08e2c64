/** Checks whether this machine reaches the other servers of the cluster, and whether they have the same secret and settings. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { type NodeRecord, readRecord } from '../../cluster/node-record.ts';
import { openPeerStream } from '../../cluster/peer-stream.ts';
import { Peers } from '../../cluster/peers.ts';
import type { NodeSurvey } from '../../cluster/redis-engine.ts';
import { nodeName } from '../../server/cluster.ts';
import { differingSettings, sharedSettings } from '../../server/shared-settings.ts';
import type { CheckInput, CheckResult } from './result.ts';

const LIMIT_MS = 3000;
const NAME = 'cluster peers';

/** @param survey the nodes that have a lease now */
export async function checkPeers({ nowMs, nodes }: NodeSurvey, input: CheckInput): Promise<readonly CheckResult[]> {
  const { config, clock } = input;
  const self = nodeName(config);
  const records: NodeRecord[] = [];
  const problems: CheckResult[] = [];
  const add = (status: 'warn' | 'fail', text: string) => problems.push({ name: NAME, status, text });
  for (const [node, signed] of nodes) {
    const record = readRecord(node, signed, config.clusterSecret);
    if (record !== undefined) records.push(record);
    else if (node !== self)
      add('fail', `The server "${node}" has another cluster-secret. Neither believes anything that the other says.`);
  }
  const others = records.filter(({ node }) => node !== self);
  // The engine's clock, which all of them use.
  const beganMs = clock.now();
  const peers = new Peers({
    node: self,
    incarnation: randomUUID(),
    secret: config.clusterSecret,
    nodes: () => records,
    clock,
    nowMs: () => nowMs + clock.now() - beganMs,
    log: pino({ level: 'silent' }),
  });
  await Promise.all(
    others.map(async ({ node, peer, settings }) => {
      const differing = differingSettings(sharedSettings(config), settings);
      if (differing.length > 0)
        add(
          'warn',
          `The server "${node}" has other values of ${differing.join(', ')}. They should be the same everywhere.`,
        );
      const isReached = await peers.request(node, 'has', '', LIMIT_MS).then(
        () => true,
        () => false,
      );
      if (!isReached)
        add(
          'fail',
          `The server "${node}" does not answer at its cluster-peer. Check its address and any firewalls in between.`,
        );
      else if (!(await isConnected(peer, input)))
        add(
          'fail',
          `The server "${node}" answers, but no connection for clients and links gets to it. Its cluster-peer must lead straight to it, not through a proxy.`,
        );
    }),
  );
  if (problems.length > 0) return problems.sort((a, b) => (a.text < b.text ? -1 : 1));
  const names = others.map(({ node }) => node).sort();
  const text =
    names.length === 0
      ? 'No other server of the cluster runs now.'
      : `The other servers are reached, and have the same secret and settings: ${names.join(', ')}.`;
  return [{ name: NAME, status: 'ok', text }];
}

async function isConnected(url: string, { config, clock }: CheckInput): Promise<boolean> {
  try {
    const { stream } = await openPeerStream(url, { purpose: 'client', secret: config.clusterSecret, clock });
    stream.on('error', () => {});
    stream.destroy();
    return true;
  } catch {
    return false;
  }
}
