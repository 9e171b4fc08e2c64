/** The rooms of the other servers of a cluster, for the lists that pages show. */
import { z } from 'zod';
import type { NodeRecord } from '../cluster/node-record.ts';
import { type Clock, type Millis, within } from '../lib/clock.ts';
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from '../protocol/bounds.ts';
import type { ListedRoom } from '../protocol/rooms.ts';
import { MAX_LISTED_PEOPLE, MAX_LISTED_ROOMS, type RoomList } from '../rooms/room-list.ts';

export interface OtherRoomsOptions {
  /** The name of this server. */
  readonly self: string;
  readonly nodes: () => readonly NodeRecord[];
  /** Rejects if the server is silent. */
  readonly ask: (node: string, limitMs: Millis) => Promise<unknown>;
  readonly clock: Clock;
}

/** While somebody looks at a list, the others are asked this often, and less often if they are many. */
const INTERVAL_MS: Millis = 1000;
const INTERVAL_PER_NODE_MS: Millis = 20;
const ASK_LIMIT_MS: Millis = 1000;
/** A page waits for servers that answered the last time, and no longer than this. */
const PAGE_WAITS_MS: Millis = 200;
/** A server that is silent for so many rounds is left out. */
const KEPT_ROUNDS = 5;

const listSchema = z
  .array(
    z.object({
      name: z.string().max(MAX_NAME_LENGTH),
      description: z.string().max(MAX_DESCRIPTION_LENGTH),
      entry: z.enum(['open', 'password', 'token']),
      locked: z.boolean(),
      permanent: z.boolean(),
      order: z.number(),
      participants: z.number().nullable(),
      people: z
        .array(z.object({ name: z.string().max(MAX_NAME_LENGTH), speaking: z.boolean() }))
        .max(MAX_LISTED_PEOPLE),
    }),
  )
  .max(MAX_LISTED_ROOMS);

export class OtherRooms {
  readonly #options: OtherRoomsOptions;
  readonly #lists = new Map<string, { readonly rooms: readonly ListedRoom[]; readonly atMs: Millis }>();
  readonly #silent = new Set<string>();
  #askedMs: Millis = Number.NEGATIVE_INFINITY;
  /** Those that answered the last time have done so again, or are silent. */
  #answered: Promise<unknown> = Promise.resolve();

  constructor(options: OtherRoomsOptions) {
    this.#options = options;
  }

  /** As last heard. Asks again if that was a second ago. */
  get rooms(): readonly ListedRoom[] {
    this.#ask();
    return [...this.#lists.values()].flatMap(({ rooms }) => rooms);
  }

  /** Resolves when `rooms` are a second old at most, or a page should wait no longer. Never rejects. */
  async fresh(): Promise<void> {
    this.#ask();
    await within(this.#options.clock, PAGE_WAITS_MS, this.#answered);
  }

  #ask(): void {
    const { self, nodes, clock } = this.#options;
    const others = nodes().flatMap(({ node }) => (node === self ? [] : [node]));
    const intervalMs = Math.max(INTERVAL_MS, others.length * INTERVAL_PER_NODE_MS);
    const nowMs = clock.now();
    if (nowMs - this.#askedMs < intervalMs) return;
    this.#askedMs = nowMs;
    for (const [node, { atMs }] of this.#lists)
      if (!others.includes(node) || nowMs - atMs > KEPT_ROUNDS * intervalMs) this.#lists.delete(node);
    for (const node of this.#silent) if (!others.includes(node)) this.#silent.delete(node);
    this.#answered = Promise.all(
      others.flatMap((node) => {
        const wasSilent = this.#silent.has(node);
        const answer = this.#askOne(node);
        return wasSilent ? [] : [answer];
      }),
    );
  }

  async #askOne(node: string): Promise<void> {
    const { ask, clock } = this.#options;
    const answer = await ask(node, ASK_LIMIT_MS).catch(() => undefined);
    const { data } = listSchema.safeParse(answer);
    if (data === undefined) {
      this.#silent.add(node);
      return;
    }
    this.#silent.delete(node);
    this.#lists.set(node, { rooms: data, atMs: clock.now() });
  }
}

/** The list as JSON, for people who are in no room yet; see `RoomList.snapshot`. */
export async function listOfRooms(
  { list }: { readonly list: Pick<RoomList, 'mode' | 'snapshot'> },
  cluster: { readonly rooms: Pick<OtherRooms, 'fresh'> } | undefined,
): Promise<string> {
  if (list.mode !== 'off') await cluster?.rooms.fresh();
  return list.snapshot;
}
