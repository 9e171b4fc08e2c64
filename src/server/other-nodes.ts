/** The other servers of the cluster, as the API of this one sees them. */
import type { IncomingMessage } from 'node:http';
import { type OtherNodes, PEER_QUESTIONS, type PeerQuestion } from '../admin/api/cluster-handlers.ts';
import { AppError } from '../lib/errors.ts';
import type { Cluster } from './cluster.ts';
import { differingSettings } from './shared-settings.ts';

export function otherNodes(cluster: Cluster): OtherNodes {
  const { node: self, directory, peers } = cluster;
  return {
    self,
    get isEngineUp() {
      return directory.figures.isEngineUp;
    },
    get nodes() {
      const ours = directory.nodes.find(({ node }) => node === self)?.settings;
      return directory.nodes.map(({ node, version, region, load, rooms, people, draining, settings }) => ({
        node,
        version,
        region,
        load,
        rooms,
        participants: people,
        draining,
        settingsDiffer: differingSettings(ours, settings),
      }));
    },
    ownerOf: (room) => directory.ownerOf(room),
    place: async (room) => {
      const placement = await directory.place(room);
      if (placement.at === 'here') return undefined;
      const retryAfterMs = placement.at === 'unknown' ? placement.retryAfterMs : undefined;
      const node =
        placement.at === 'elsewhere' ? directory.nodes.find(({ url }) => url === placement.url)?.node : undefined;
      if (node === undefined)
        throw new AppError('server_busy', undefined, retryAfterMs === undefined ? {} : { retryAfterMs });
      return node;
    },
    ask: (node, question, body, limitMs) => peers.request(node, question, body, limitMs),
  };
}

/** What other servers reach at the HTTP port. They are answered with these. */
export function peerDoor(
  { peers }: Cluster,
  answers: Readonly<Record<PeerQuestion, (body: unknown) => unknown>>,
): (request: IncomingMessage) => Promise<string | undefined> {
  for (const question of PEER_QUESTIONS) peers.on(question, answers[question]);
  return (request) => peers.answer(request);
}
