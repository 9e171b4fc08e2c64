/** Settings of a cluster that should be the same at all of its servers. */

import type { NodeRecord } from '../cluster/node-record.ts';
import type { Config } from '../config/config.ts';

type Settings = NonNullable<NodeRecord['settings']>;

/** Only those that change with a restart, and are no secrets. */
export function sharedSettings({ clusterLeaseMs, clusterSpanPercent, clusterEngineDown }: SharedConfig): Settings {
  return {
    'cluster-lease-ms': String(clusterLeaseMs),
    'cluster-span-percent': String(clusterSpanPercent),
    'cluster-engine-down': clusterEngineDown,
  };
}

/** The names of those that differ. A server of another version may have others, which are not compared. */
export function differingSettings(ours: Settings = {}, theirs: Settings = {}): string[] {
  return Object.keys(ours).filter((name) => Object.hasOwn(theirs, name) && theirs[name] !== ours[name]);
}

type SharedConfig = Pick<Config, 'clusterLeaseMs' | 'clusterSpanPercent' | 'clusterEngineDown'>;
