/**
 * The REST API of a cluster: any server answers for all. What concerns a room is done by the server that has it; lists
 * are gathered from all. Tokens are checked, and requests remembered, by the server that was asked.
 */
import { z } from 'zod';
import type { Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { clusterSchema } from '../../protocol/api/cluster-operations.ts';
import {
  type Handlers,
  type Input,
  OPERATIONS,
  type Operation,
  type OperationId,
} from '../../protocol/api/operations.ts';
import { pathSchema } from '../../protocol/api/path-schema.ts';
import type { roomSchema } from '../../protocol/api/schemas.ts';
import { checked } from '../../protocol/checked.ts';
import { roomKeyOrUndefined } from '../../rooms/names.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { gather, listAllRooms, type OwnRooms } from './room-lists.ts';

type RoomView = z.output<typeof roomSchema>;
type Handle = (input: Input<Operation>) => unknown;

/** What others may be asked. */
export const PEER_QUESTIONS = ['api', 'rooms', 'views', 'has'] as const;
export type PeerQuestion = (typeof PEER_QUESTIONS)[number];

/** The other servers, as the API sees them. */
export interface OtherNodes {
  /** The name of this one. */
  readonly self: string;
  readonly isEngineUp: boolean;
  /** All that live, with this one. */
  readonly nodes: readonly Omit<z.output<typeof clusterSchema>['nodes'][number], 'self'>[];
  /** Which other one has a room, by its key. Rejects if the engine is not reached. */
  ownerOf(room: string): Promise<string | undefined>;
  /** Which other one is to have a room; undefined: this one. Rejects with `server_busy`. */
  place(room: string): Promise<string | undefined>;
  /** Rejects with the `AppError` of the other one, or with `server_busy` if it is silent. */
  ask(node: string, question: PeerQuestion, body: unknown, limitMs: Millis): Promise<unknown>;
}

/** A room's server hashes a password, or asks its engine. */
const ROOM_LIMIT_MS: Millis = 3000;
/** They are kept for all servers, and any of them can change them. */
const EVERYWHERE: ReadonlySet<string> = new Set<OperationId>(['listBans', 'liftBan']);
const OPERATION_IDS = Object.keys(OPERATIONS) as readonly OperationId[];
const ROOM_OPERATIONS = OPERATION_IDS.filter(
  (id) => OPERATIONS[id].path.startsWith('/rooms/{room}') && !EVERYWHERE.has(id),
);
/** What a server does because another one asks. */
const ASKED_FOR = [
  ...ROOM_OPERATIONS.filter((id) => !isStream(OPERATIONS[id])),
  'createRoom',
  'drainServer',
  'undrainServer',
];

const apiSchema = z.object({
  operation: z.enum(ASKED_FOR as [OperationId, ...OperationId[]]),
  input: z.object({ params: z.unknown(), query: z.unknown().optional(), body: z.unknown().optional() }),
});
const viewsSchema = z.array(z.string().max(200)).max(1000);

/** Handlers for clients. `local` has those that know only this server. */
export function clusterHandlers(local: Handlers, nodes: OtherNodes, registry: RoomRegistry): Handlers {
  /** Undefined: here, or nowhere. */
  const whoHas = async (name: string): Promise<string | undefined> => {
    const key = roomKeyOrUndefined(name);
    if (key === undefined || registry.known(key) !== undefined) return undefined;
    try {
      if (nodes.isEngineUp) return await nodes.ownerOf(key);
    } catch {
      // It has just gone away.
    }
    const { answers } = await gather(nodes, 'has', z.boolean(), () => key);
    return answers.find(({ answer }) => answer)?.node;
  };
  const forwarded = Object.fromEntries(
    ROOM_OPERATIONS.map((id) => {
      const handle = local[id] as Handle;
      const forward: Handle = async (input) => {
        const owner = await whoHas(input.params.room);
        if (owner === undefined) return handle(input);
        if (isStream(OPERATIONS[id])) throw new AppError('room_elsewhere', `Ask the server "${owner}".`);
        return nodes.ask(owner, 'api', { operation: id, input }, ROOM_LIMIT_MS);
      };
      return [id, forward];
    }),
  ) as Partial<Handlers>;
  const atNode =
    (operation: 'drainServer' | 'undrainServer'): Handle =>
    (input) => {
      const { node } = input.params;
      if (node === nodes.self) return (local[operation] as Handle)(input);
      if (!nodes.nodes.some((one) => one.node === node)) throw new AppError('not_found', `No such server: "${node}".`);
      return nodes.ask(node, 'api', { operation, input }, ROOM_LIMIT_MS);
    };
  return {
    ...local,
    ...forwarded,
    getCluster: () => ({
      engineReached: nodes.isEngineUp,
      nodes: nodes.nodes
        .map((node) => ({ ...node, self: node.node === nodes.self }))
        .sort((a, b) => (a.node < b.node ? -1 : 1)),
    }),
    drainNode: atNode('drainServer') as Handlers['drainNode'],
    undrainNode: atNode('undrainServer') as Handlers['undrainNode'],
    createRoom: async (input) => {
      const key = roomKeyOrUndefined(input.body.name);
      const isHere = key === undefined || registry.known(key) !== undefined;
      const node = isHere ? undefined : await nodes.place(key);
      if (node === undefined) return local.createRoom(input);
      return (await nodes.ask(node, 'api', { operation: 'createRoom', input }, ROOM_LIMIT_MS)) as RoomView;
    },
    listRooms: ({ query }) => listAllRooms(nodes, ownRooms(local, registry), query),
  };
}

/** What this server does for others. `views` shows rooms of this server by name, leaving out those that are closed. */
export function peerHandlers(
  local: Handlers,
  registry: RoomRegistry,
  saved: () => void | Promise<void>,
): Readonly<Record<PeerQuestion, (body: unknown) => unknown>> {
  const own = ownRooms(local, registry);
  return {
    api: async (body) => {
      const { operation: id, input } = checked(apiSchema, body);
      const operation: Operation = OPERATIONS[id];
      const parsed = {
        params: checked(pathSchema, input.params),
        query: operation.query && checked(operation.query, input.query),
        body: operation.body && checked(operation.body, input.body),
      };
      const result = await (local[id] as Handle)(parsed as Input<Operation>);
      if (operation.method !== 'get') await saved();
      return result;
    },
    rooms: () => own.list(),
    views: (body) => own.views(checked(viewsSchema, body)),
    has: (body) => registry.known(String(body)) !== undefined,
  };
}

/** Moves people only into rooms that this server has or is to have. */
export function withPlacedMoves(local: Handlers, nodes: OtherNodes, registry: RoomRegistry): Handlers {
  return {
    ...local,
    moveParticipant: async (input) => {
      const key = roomKeyOrUndefined(input.body.room);
      registry.room(input.params.room).participant(input.params.participant);
      const isHere = key === undefined || registry.known(key) !== undefined;
      const node = isHere ? undefined : await nodes.place(key);
      if (node !== undefined)
        throw new AppError(
          'room_elsewhere',
          `The server "${node}" has it, and people can only be moved within a server.`,
        );
      return local.moveParticipant(input);
    },
  };
}

function isStream({ file, download }: Operation): boolean {
  return file !== undefined || download !== undefined;
}

function ownRooms(local: Handlers, registry: RoomRegistry): OwnRooms {
  const view = (room: string) =>
    local.getRoom({ params: pathSchema.parse({ room }), query: undefined, body: undefined });
  return {
    list: () => Array.from(registry.rooms, ({ name, startedAtMs }) => [name, startedAtMs] as const),
    views: (names) =>
      Promise.all(names.filter((name) => registry.known(roomKeyOrUndefined(name) ?? '') !== undefined).map(view)),
  };
}
