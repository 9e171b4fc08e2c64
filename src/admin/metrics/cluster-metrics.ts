import type { Registry } from 'prom-client';
import { by, collectCounter, collectGauge, only } from './collected-metrics.ts';

/** What this server knows of its cluster. */
export interface ClusterFigures {
  readonly nodes: number;
  readonly isEngineUp: boolean;
  readonly owned: number;
  readonly claims: Readonly<Record<string, number>>;
  readonly takeovers: number;
  readonly fenced: number;
  readonly peers: { readonly asked: Readonly<Record<string, number>>; readonly refused: number };
  readonly clients: {
    readonly passed: Readonly<Record<string, number>>;
    readonly carried: number;
    readonly refused: number;
  };
}

export function registerClusterMetrics(registry: Registry, figures: () => ClusterFigures): void {
  collectGauge(
    registry,
    { name: 'partyline_cluster_nodes', help: 'Servers of the cluster that this one knows, with itself.' },
    () => only(figures().nodes),
  );
  collectGauge(
    registry,
    { name: 'partyline_cluster_engine_up', help: 'Whether this server has a lease in the engine of the cluster.' },
    () => only(figures().isEngineUp ? 1 : 0),
  );
  collectGauge(registry, { name: 'partyline_cluster_rooms_owned', help: 'Rooms that are at this server.' }, () =>
    only(figures().owned),
  );
  collectCounter(
    registry,
    {
      name: 'partyline_cluster_claims_total',
      help: 'Questions where a room is, by the answer.',
      labelNames: ['result'],
    },
    () => by('result', Object.entries(figures().claims)),
  );
  collectCounter(
    registry,
    { name: 'partyline_cluster_takeovers_total', help: 'Rooms that this server has found another server for.' },
    () => only(figures().takeovers),
  );
  collectCounter(
    registry,
    {
      name: 'partyline_cluster_fenced_rooms_total',
      help: 'Rooms that another server had taken over while they were open here.',
    },
    () => only(figures().fenced),
  );
  collectCounter(
    registry,
    {
      name: 'partyline_cluster_peer_requests_total',
      help: 'Questions of this server to others, by what came of them.',
      labelNames: ['result'],
    },
    () => by('result', Object.entries(figures().peers.asked)),
  );
  collectCounter(
    registry,
    {
      name: 'partyline_cluster_peer_refused_total',
      help: 'Requests to the address for other servers that were none of them.',
    },
    () => only(figures().peers.refused + figures().clients.refused),
  );
  collectGauge(
    registry,
    {
      name: 'partyline_cluster_passed_clients',
      help: 'Clients without `redirect` whose WebSocket this server carries to another one.',
    },
    () => only(figures().clients.carried),
  );
  collectCounter(
    registry,
    {
      name: 'partyline_cluster_passed_clients_total',
      help: 'Clients that were to be passed on, by what came of it.',
      labelNames: ['result'],
    },
    () => by('result', Object.entries(figures().clients.passed)),
  );
}
