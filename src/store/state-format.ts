/** The form of the file that keeps rooms and bans: JSON that people can read. */
import { z } from 'zod';
import { formatNetwork, parseNetwork } from '../lib/net/network.ts';
import { newRoomSchema } from '../protocol/api/schemas.ts';
import { MAX_NAME_LENGTH } from '../protocol/bounds.ts';
import type { KeptRecords } from '../rooms/ports.ts';

/** Raised when an older server could not read the file, or would lose something. */
export const STATE_VERSION = 1;
const FORMAT = 'partyline state';

/** Records by table and key. */
export type State = { readonly [T in keyof KeptRecords]: Map<string, KeptRecords[T]> };

const isoDate = () => z.iso.datetime().transform((text) => Date.parse(text));
const text = () => z.string().max(1000);
/** Nothing here is optional or unknown, so that nothing is lost when the file is written again. */
const roomSchema = z.strictObject({
  name: z.string().max(MAX_NAME_LENGTH),
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
});

export function emptyState(): State {
  return { rooms: new Map(), bans: new Map() };
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
  const parsed = stateSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { rooms, bans } = parsed.data;
  const targets = new Map<string, string>();
  for (const [id, ban] of bans) {
    const target = targetOf(ban);
    if (target === undefined) throw new Error(`bans.${id}: it has neither an identity nor an address, or both`);
    const other = targets.get(target);
    if (other !== undefined) throw new Error(`bans.${id}: it is for the same as bans.${other}`);
    targets.set(target, id);
  }
  return {
    rooms: new Map(Array.from(rooms, ([key, room]) => [key, { ...room, settings: given(room.settings) }])),
    bans: new Map(
      Array.from(bans, ([id, { since, until, ...ban }]) => [id, { id, ...ban, sinceMs: since, untilMs: until }]),
    ),
  };
}

/** Undefined for a ban that would keep nobody out. */
function targetOf({ room, identity, address }: z.output<typeof banSchema>): string | undefined {
  const network = address === null ? undefined : parseNetwork(address);
  if (identity === null) return network && formatNetwork(network);
  return address === null ? `${room ?? '*'} ${identity}` : undefined;
}

export function formatState({ rooms, bans }: State, iso: (wallMs: number) => string): string {
  const value = {
    ...{ format: FORMAT, version: STATE_VERSION },
    rooms: Object.fromEntries(rooms),
    bans: Object.fromEntries(
      Array.from(bans, ([key, { id: _, sinceMs, untilMs, ...ban }]) => [
        key,
        { ...ban, since: iso(sinceMs), until: untilMs === null ? null : iso(untilMs) },
      ]),
    ),
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Without fields that are undefined. */
function given<T extends object>(fields: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]: Exclude<T[K], undefined>;
  };
}
