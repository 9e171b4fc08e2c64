/** The rooms of all servers of a cluster, in one list. */
import { z } from 'zod';
import type { Millis } from '../../lib/clock.ts';
import type { roomListSchema, roomSchema } from '../../protocol/api/schemas.ts';
import type { OtherNodes, PeerQuestion } from './cluster-handlers.ts';
import { pageOf } from './page.ts';

type RoomView = z.output<typeof roomSchema>;

/** Of the rooms of one server: its name, and when it was opened, in milliseconds since 1970. */
export type ListedRoom = readonly [name: string, startedAtMs: number];

/** What this server says about its own rooms. */
export interface OwnRooms {
  list(): readonly ListedRoom[];
  /** Without those that are closed by now. */
  views(names: readonly string[]): Promise<readonly RoomView[]>;
}

interface Gathered<T> {
  readonly answers: readonly { readonly node: string; readonly answer: T }[];
  /** Those that are silent, or do not understand. */
  readonly incomplete: readonly string[];
}

export const GATHER_LIMIT_MS: Millis = 1000;
const MAX_LISTED = 100_000;

const listSchema = z.array(z.tuple([z.string(), z.number()])).max(MAX_LISTED);
/** It may know more about its rooms than this one does. */
const viewsSchema = z.array(z.looseObject({ name: z.string() }));

/** Asks all others at once. */
export async function gather<T>(
  nodes: OtherNodes,
  question: PeerQuestion,
  schema: z.ZodType<T>,
  bodyFor: (node: string) => unknown = () => null,
  among = nodes.nodes.map(({ node }) => node).filter((node) => node !== nodes.self),
): Promise<Gathered<T>> {
  const results = await Promise.all(
    among.map(async (node) => {
      const answer = await nodes.ask(node, question, bodyFor(node), GATHER_LIMIT_MS).catch(() => undefined);
      return { node, parsed: schema.safeParse(answer) };
    }),
  );
  return {
    answers: results.flatMap(({ node, parsed }) => (parsed.success ? [{ node, answer: parsed.data }] : [])),
    incomplete: results.flatMap(({ node, parsed }) => (parsed.success ? [] : [node])),
  };
}

/** The order is known before any room is looked at, so a page costs no more than it shows. */
export async function listAllRooms(
  nodes: OtherNodes,
  own: OwnRooms,
  query: { readonly limit: number; readonly offset: number },
): Promise<z.output<typeof roomListSchema>> {
  const lists = await gather(nodes, 'rooms', listSchema);
  const all = [{ node: nodes.self, answer: own.list() }, ...lists.answers].flatMap(({ node, answer }) =>
    answer.map(([name, startedAtMs]) => ({ node, name, startedAtMs })),
  );
  all.sort((a, b) => a.startedAtMs - b.startedAtMs || (a.name < b.name ? -1 : 1));
  const page = pageOf(all, query);
  const at = new Map<string, string[]>();
  for (const { node, name } of page) at.set(node, [...(at.get(node) ?? []), name]);
  const asked = [...at.keys()].filter((node) => node !== nodes.self);
  const [mine, theirs] = await Promise.all([
    own.views(at.get(nodes.self) ?? []),
    gather(nodes, 'views', viewsSchema, (node) => at.get(node), asked),
  ]);
  const views = new Map<string, RoomView>();
  for (const { node, answer } of [{ node: nodes.self, answer: mine }, ...theirs.answers])
    for (const view of answer) views.set(`${node} ${view.name}`, { ...(view as RoomView), node });
  const rooms = page.flatMap(({ node, name }) => views.get(`${node} ${name}`) ?? []);
  const incomplete = [...new Set([...lists.incomplete, ...theirs.incomplete])].sort();
  return { rooms, total: all.length, ...(incomplete.length > 0 && { incomplete }) };
}
