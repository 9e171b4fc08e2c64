/** The form of what is kept: JSON that people can read. In a file it is all of it, in an engine each record. */
import { z } from 'zod';
import { formatNetwork, parseNetwork } from '../lib/net/network.ts';
import { newRoomSchema } from '../protocol/api/schemas.ts';
import { MAX_NAME_LENGTH } from '../protocol/bounds.ts';
import type { Ban } from '../rooms/ban-list.ts';
import type { KeptRecords, KeptTable, Removal } from '../rooms/ports.ts';

/** Raised when an older server could not read the file, or would lose something. */
export const STATE_VERSION = 2;
const FORMAT = 'partyline state';

/** Records by table and key. */
export type State = { readonly [T in keyof KeptRecords]: Map<string, KeptRecords[T]> };

const isoDate = () => z.iso.datetime().transform((text) => Date.parse(text));
const text = () => z.string().max(1000);
/** Nothing here is optional or unknown, so that nothing is lost when the file is written again. */
const roomSchema = z.strictObject({
  name: z.string().max(MAX_NAME_LENGTH),
  permanent: z.boolean(),
  locked: z.boolean(),
  muted: z.array(text()),
  mutedInChat: z.array(text()),
  password: text().nullable(),
  settings: newRoomSchema.omit({ name: true, locked: true, password: true }),
});
const banSchema = z.strictObject({
  room: text().nullable(),
  identity: text().nullable(),
  address: text().nullable(),
  name: text(),
  reason: text(),
  by: text().nullable(),
  since: isoDate(),
  until: isoDate().nullable(),
});
const removalSchema = z.strictObject({ room: text(), person: text(), until: isoDate() });
const RECORDS = { rooms: roomSchema, bans: banSchema, removed: removalSchema };
/** Not `z.record`, which drops the key `__proto__`: that is a good name of a room. */
const table = <T extends z.ZodType>(record: T) =>
  z.preprocess(
    (value) => (typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : value),
    z.map(z.string(), record),
  );
const headSchema = z.object({ format: z.literal(FORMAT), version: z.number().int().min(1) });
const stateSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(STATE_VERSION),
  rooms: table(roomSchema),
  bans: table(banSchema),
  removed: table(removalSchema),
});
/** Without what came later. */
const firstSchema = stateSchema.omit({ removed: true }).extend({
  version: z.literal(1),
  rooms: table(roomSchema.omit({ permanent: true })),
});

export function emptyState(): State {
  return { rooms: new Map(), bans: new Map(), removed: new Map() };
}

/** Throws an `Error` whose message says in a sentence what is wrong with the file. */
export function parseState(json: string): State {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`it is not JSON (${(error as Error).message})`);
  }
  const head = headSchema.safeParse(value);
  if (!head.success) throw new Error(`it has no "format": "${FORMAT}"`);
  if (head.data.version > STATE_VERSION)
    throw new Error(
      `a newer version of Partyline wrote it (its form is ${head.data.version}, known is ${STATE_VERSION})`,
    );
  const { rooms, bans, removed } =
    head.data.version === 1 ? upgraded(checked(firstSchema, value)) : checked(stateSchema, value);
  const targets = new Map<string, string>();
  for (const [id, ban] of bans) {
    const target = targetOf(ban);
    if (target === undefined) throw new Error(`bans.${id}: it has neither an identity nor an address, or both`);
    const other = targets.get(target);
    if (other !== undefined) throw new Error(`bans.${id}: it is for the same as bans.${other}`);
    targets.set(target, id);
  }
  return {
    rooms: mapped(rooms, readRoom),
    bans: mapped(bans, readBan),
    removed: mapped(removed, readRemoval),
  };
}

/** One record. Throws as `parseState` does. */
export function parseRecord<T extends KeptTable>(table: T, key: string, json: string): KeptRecords[T] {
  const value: unknown = JSON.parse(json);
  const read: { readonly [K in KeptTable]: () => KeptRecords[K] } = {
    rooms: () => readRoom(checked(RECORDS.rooms, value)),
    bans: () => readBan(checked(RECORDS.bans, value), key),
    removed: () => readRemoval(checked(RECORDS.removed, value)),
  };
  return read[table]();
}

export function formatRecord<T extends KeptTable>(
  table: T,
  record: KeptRecords[T],
  iso: (wallMs: number) => string,
): string {
  const state = { rooms: new Map(), bans: new Map(), removed: new Map(), [table]: new Map([['', record]]) };
  return JSON.stringify(plain(state, iso)[table]['']);
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
}

function upgraded({ rooms, bans }: z.output<typeof firstSchema>): Omit<z.output<typeof stateSchema>, 'version'> {
  const permanent = true;
  const removed = new Map<string, z.output<typeof removalSchema>>();
  return { format: FORMAT, rooms: mapped(rooms, (room) => ({ ...room, permanent })), bans, removed };
}

function mapped<A, B>(map: ReadonlyMap<string, A>, change: (value: A, key: string) => B): Map<string, B> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value, key)]));
}

function readRoom(room: z.output<typeof roomSchema>): KeptRecords['rooms'] {
  return { ...room, settings: given(room.settings) };
}

function readBan({ since, until, ...ban }: z.output<typeof banSchema>, id: string): Ban {
  return { id, ...ban, sinceMs: since, untilMs: until };
}

function readRemoval({ until, ...removal }: z.output<typeof removalSchema>): Removal {
  return { ...removal, untilMs: until };
}

/** Undefined for a ban that would keep nobody out. */
function targetOf({ room, identity, address }: z.output<typeof banSchema>): string | undefined {
  const network = address === null ? undefined : parseNetwork(address);
  if (identity === null) return network && formatNetwork(network);
  return address === null ? `${room ?? '*'} ${identity}` : undefined;
}

export function formatState(state: State, iso: (wallMs: number) => string): string {
  return `${JSON.stringify({ format: FORMAT, version: STATE_VERSION, ...plain(state, iso) }, undefined, 2)}\n`;
}

function plain({ rooms, bans, removed }: State, iso: (wallMs: number) => string) {
  const banned = mapped(bans, ({ id: _, sinceMs, untilMs, ...ban }) => ({
    ...ban,
    since: iso(sinceMs),
    until: untilMs === null ? null : iso(untilMs),
  }));
  const away = mapped(removed, ({ untilMs, ...removal }) => ({ ...removal, until: iso(untilMs) }));
  return {
    rooms: Object.fromEntries(rooms),
    bans: Object.fromEntries(banned),
    removed: Object.fromEntries(away),
  };
}

/** Without fields that are undefined. */
function given<T extends object>(fields: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]: Exclude<T[K], undefined>;
  };
}
