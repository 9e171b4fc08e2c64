/** The operations of the REST API on bans; part of `OPERATIONS`. */
import { banListSchema, newBanAnswerSchema, newBanSchema, roomBanListSchema } from './ban-schemas.ts';
import type { Operation } from './operations.ts';
import { pageSchema } from './schemas.ts';

const roomBans = '/rooms/{room}/bans';

export const BAN_OPERATIONS = {
  listAllBans: {
    method: 'get',
    path: '/bans',
    tag: 'participants',
    summary: 'All bans, oldest first',
    description: 'With `keep-state` they are still there after a restart of the server.',
    query: pageSchema,
    answer: { status: 200, schema: banListSchema },
    errors: [],
  },
  createBan: {
    method: 'post',
    path: '/bans',
    tag: 'participants',
    scope: 'moderate',
    summary: 'Ban an identity, an address or a network',
    description:
      'They need not be here. Whoever is here is removed; with `show-addresses` off, those with a banned address only when they connect again. A ban of the same identity or network is replaced.',
    body: newBanSchema,
    answer: { status: 201, schema: newBanAnswerSchema },
    errors: ['invalid_room', 'too_many_bans'],
  },
  endBan: {
    method: 'delete',
    path: '/bans/{ban}',
    tag: 'participants',
    scope: 'moderate',
    summary: 'Lift any ban by its id',
    errors: ['unknown_ban'],
  },
  listBans: {
    method: 'get',
    path: roomBans,
    tag: 'rooms',
    summary: 'Bans of a room, oldest first',
    description:
      'Bans belong to the name of the room, so they also hold while the room is not open. Those of the whole server are not among them.',
    query: pageSchema,
    answer: { status: 200, schema: roomBanListSchema },
    errors: ['invalid_room'],
  },
  liftBan: {
    method: 'delete',
    path: `${roomBans}/{identity}`,
    tag: 'rooms',
    scope: 'moderate',
    summary: 'Lift a ban early',
    errors: ['invalid_room', 'unknown_ban'],
  },
} as const satisfies Record<string, Operation>;
