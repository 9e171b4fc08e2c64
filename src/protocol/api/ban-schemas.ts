/** The bans of the REST API. */
import { z } from 'zod';
import { MAX_IDENTITY_LENGTH, MAX_NAME_LENGTH } from '../bounds.ts';

/** Ten years. */
export const MAX_BAN_SECONDS = 10 * 366 * 86_400;
const MAX_REASON_LENGTH = 500;
/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128` */
const MAX_NETWORK_LENGTH = 64;

const count = () => z.number().int().min(0);
const time = () => z.string().meta({ format: 'date-time' });
const identity = z.string().describe('The claim `sub` of a join token, or `mumble:` and the hash of a certificate.');
const until = time().nullable().describe('Null: until somebody lifts the ban.');

const about = {
  name: z.string().describe('Their name when they were banned; empty if it was not known.'),
  reason: z.string().describe('For the operator; the person is not told. Empty for none.'),
  by: z.string().nullable().describe('The identity of the moderator who banned them; null: the operator.'),
  since: time(),
  until,
};

/** Of one room. */
export const roomBanSchema = z.strictObject({ id: z.string(), identity, ...about });

export const roomBanListSchema = z.strictObject({
  bans: z.array(roomBanSchema),
  total: count().describe('Number of bans of this room, including those beyond this page.'),
});

export const banSchema = z.strictObject({
  id: z.string(),
  room: z.string().nullable().describe('The room, in the spelling that is the same for all; null: the whole server.'),
  identity: identity.nullable().describe('Null if an address is banned.'),
  address: z.string().nullable().describe('An IP address or a network; null if an identity is banned.'),
  ...about,
});

export const banListSchema = z.strictObject({
  bans: z.array(banSchema),
  total: count().describe('Number of bans, including those beyond this page.'),
});

/** `POST /bans` */
export const newBanSchema = z.strictObject({
  room: z.string().max(MAX_NAME_LENGTH).optional().describe('Only for an identity. Without it: the whole server.'),
  identity: z
    .string()
    .min(1)
    .max(MAX_IDENTITY_LENGTH)
    .optional()
    .describe('Either this or `address` is given. The person need not be here.'),
  address: z
    .string()
    .max(MAX_NETWORK_LENGTH)
    .optional()
    .describe(
      'An IP address, or a network of at least /8 (IPv6: /16), such as `192.0.2.0/24`. A single IPv6 address means its /64, which one subscriber has. Holds in all rooms.',
    ),
  name: z.string().max(MAX_NAME_LENGTH).default('').describe('Whom you mean, for the list of bans.'),
  reason: z.string().max(MAX_REASON_LENGTH).default('').describe('For the list of bans; the person is not told.'),
  seconds: z
    .number()
    .int()
    .min(1)
    .max(MAX_BAN_SECONDS)
    .optional()
    .describe('How long the ban holds. Without it: until somebody lifts it.'),
});

export const newBanAnswerSchema = banSchema.extend({
  removed: count().describe('How many people and listeners were removed because of it.'),
});
