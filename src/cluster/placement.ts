/** Which node is to own a room. */
import { createHash } from 'node:crypto';
import type { NodeRecord } from './node-record.ts';

/** A room makes a node busier than it has said, until it says so itself. */
const ROOM_LOAD = 0.01;

export interface Wish {
  /** Preferred, if any of it takes rooms. */
  readonly region: string;
  /** Rooms that were given to a node since its record was written. */
  readonly given: ReadonlyMap<string, number>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The less busy one of two random nodes that take rooms; undefined if none does. */
export function chooseNode(nodes: readonly NodeRecord[], { region, given, random }: Wish): NodeRecord | undefined {
  const open = nodes.filter(({ draining, load }) => !draining && load < 1);
  const near = open.filter((node) => node.region === region);
  const among = near.length > 0 ? near : open;
  const first = among[Math.floor(random() * among.length)];
  const others = among.filter((node) => node !== first);
  const second = others[Math.floor(random() * others.length)] ?? first;
  if (first === undefined || second === undefined) return undefined;
  const expected = ({ node, load }: NodeRecord) => load + (given.get(node) ?? 0) * ROOM_LOAD;
  return expected(second) < expected(first) ? second : first;
}

/** The same node for all who know the same nodes (rendezvous hashing), for when nobody can be asked. */
export function hashNode(nodes: readonly NodeRecord[], room: string): NodeRecord | undefined {
  let best: { readonly node: NodeRecord; readonly rank: string } | undefined;
  for (const node of nodes) {
    if (node.draining) continue;
    const rank = createHash('sha256').update(`${node.node} ${room}`).digest('hex');
    if (best === undefined || rank > best.rank) best = { node, rank };
  }
  return best?.node;
}
