import type { MediaFigures } from '../statistics.ts';
import type { MediaHost } from './host.ts';

/** The figures of a worker, including those of its TCP connections whose sockets are in this thread. */
export function withRelay(figures: MediaFigures, relay: MediaHost['relay']): MediaFigures {
  if (relay === undefined) return figures;
  const { gauges, counters } = figures;
  const { accepted, refused, packetsDropped } = relay.counters;
  return {
    ...figures,
    gauges: { ...gauges, tcpSockets: gauges.tcpSockets + relay.connectionCount.all },
    counters: {
      ...counters,
      tcpAccepted: counters.tcpAccepted + accepted,
      tcpRefused: counters.tcpRefused + refused,
      tcpPacketsDropped: counters.tcpPacketsDropped + packetsDropped,
    },
  };
}
