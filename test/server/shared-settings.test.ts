import { test } from 'tap';
import { differingSettings, sharedSettings } from '../../src/server/shared-settings.ts';

const CONFIG = { clusterLeaseMs: 4000, clusterSpanPercent: 60, clusterEngineDown: 'hash' } as const;

test('settings that should be the same are compared by name', (t) => {
  const ours = sharedSettings(CONFIG);
  t.same(differingSettings(ours, sharedSettings(CONFIG)), []);
  t.same(differingSettings(ours, sharedSettings({ ...CONFIG, clusterSpanPercent: 0 })), ['cluster-span-percent']);
  t.same(
    differingSettings(
      ours,
      sharedSettings({ clusterLeaseMs: 2000, clusterSpanPercent: 60, clusterEngineDown: 'refuse' }),
    ),
    ['cluster-lease-ms', 'cluster-engine-down'],
  );
  t.end();
});

test('what only one version has is not compared', (t) => {
  t.same(differingSettings({ ...sharedSettings(CONFIG), 'cluster-new': '1' }, sharedSettings(CONFIG)), []);
  t.same(differingSettings(sharedSettings(CONFIG), undefined), []);
  t.same(differingSettings(undefined, sharedSettings(CONFIG)), []);
  t.end();
});
