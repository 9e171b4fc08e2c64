import { ClusterScrape } from '../admin/metrics/cluster-scrape.ts';
import type { NodeRecord } from '../cluster/node-record.ts';
import type { Peers } from '../cluster/peers.ts';
import type { MetricsPage } from '../http/app.ts';
import type { Clock } from '../lib/clock.ts';

/** The metrics of this server, and with those of the others if it is in a cluster. Others may ask for them from then on. */
export function withOthers(
  metrics: MetricsPage,
  cluster: ClusterOfMetrics | undefined,
  { clock }: { readonly clock: Clock },
): MetricsPage {
  if (cluster === undefined) return metrics;
  const { node: self, directory, peers } = cluster;
  peers.on('metrics', () => metrics.scrape());
  const all = new ClusterScrape({
    self,
    nodes: () => directory.nodes.map(({ node }) => node),
    scrape: () => metrics.scrape(),
    ask: (node, limitMs) => peers.request(node, 'metrics', null, limitMs),
    clock,
  });
  return { ...metrics, scrapeAll: () => all.scrape() };
}

interface ClusterOfMetrics {
  readonly node: string;
  readonly directory: { readonly nodes: readonly Pick<NodeRecord, 'node'>[] };
  readonly peers: Pick<Peers, 'on' | 'request'>;
}
