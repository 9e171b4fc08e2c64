/**
 * What goes over the REST API, in both directions. These schemas check the requests, and the OpenAPI document is made of
 * them: descriptions are for those who read that.
 */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../lib/errors.ts';
import { MAX_IDENTITY_LENGTH, MAX_NAME_LENGTH, MAX_PARTICIPANT_ID_LENGTH, MAX_PASSWORD_LENGTH } from '../bounds.ts';

const MAX_BAN_SECONDS = 86_400;
const MAX_TOKEN_SECONDS = 366 * 86_400;
const MAX_DRAIN_SECONDS = 7 * 86_400;
export const MAX_CAPTURE_SECONDS = 600;
const MAX_CAPTURE_BYTES = 64 * 1024 * 1024;

const count = () => z.number().int().min(0);
const time = () => z.string().meta({ format: 'date-time' });
const name = () => z.string().min(1).max(MAX_NAME_LENGTH);

const maxParticipants = z.number().int().min(1).max(10_000).describe('How many may be in the room.');
const maxTalkers = z
  .number()
  .int()
  .min(0)
  .max(1000)
  .describe('How many are heard at the same time, the loudest; 0: all of them.');
const levelling = z.boolean().describe('Whether quiet and loud talkers are brought to about the same level.');
const locked = z.boolean().describe('Whether nobody new gets in, but moderators.');
const password = z
  .string()
  .min(1)
  .max(MAX_PASSWORD_LENGTH)
  .describe('In the clear, or hashed as `partyline password` prints it.');

export const roomSchema = z.strictObject({
  name: z.string(),
  permanent: z.boolean().describe('Made by the API: the room stays when the last participant has left.'),
  startedAt: time(),
  locked,
  hasPassword: z.boolean(),
  maxParticipants,
  maxTalkers,
  levelling,
  participants: count().describe('How many are in the room, those included whose connection broke and is waited for.'),
  speaking: count().describe('How many speak now.'),
});

export const roomListSchema = z.strictObject({
  rooms: z.array(roomSchema),
  total: count().describe('All rooms, those beyond this page included.'),
});

/** `POST /rooms`; what is left out is as the server's settings say. */
export const newRoomSchema = z.strictObject({
  name: name().describe('1 to 64 letters, digits, "-", "_" or ".".'),
  locked: locked.default(false),
  password: password.optional(),
  maxParticipants: maxParticipants.optional(),
  maxTalkers: maxTalkers.optional(),
  levelling: levelling.optional(),
});

/** `PATCH /rooms/{room}`; what is left out stays. */
export const roomChangeSchema = z.strictObject({
  locked: locked.optional(),
  password: password
    .nullable()
    .optional()
    .describe('For those who join from now on; null: none, but the one of the configuration if there is one.'),
  maxParticipants: maxParticipants.optional().describe('Nobody has to leave when it gets smaller.'),
  maxTalkers: maxTalkers.optional(),
  levelling: levelling.optional(),
});

export const receptionSchema = z.strictObject({
  lossRatio: z.number().min(0).max(1).describe('The part of the packets that was lost between the last two reports.'),
  jitterMs: z.number().min(0).describe('How unevenly packets arrive (RFC 3550).'),
});

export const networkSchema = z.strictObject({
  incoming: receptionSchema.nullable().describe('What they send, as it arrives at the server.'),
  outgoing: receptionSchema.nullable().describe('What they are sent, as it arrives at their browser.'),
  roundTripMs: z.number().min(0).nullable().describe('From the server to their browser and back.'),
});

export const participantSchema = z.strictObject({
  id: z.string(),
  room: z.string(),
  identity: z.string().nullable().describe('The claim `sub` of their join token; null without a token.'),
  name: z.string(),
  joinedAt: time().describe('When they came into this room.'),
  address: z
    .string()
    .nullable()
    .describe(
      'The IP address that they connect from; null with `show-addresses` off. Other participants are never told.',
    ),
  maySpeak: z.boolean(),
  mayModerate: z.boolean(),
  muted: z.boolean(),
  mutedByModerator: z.boolean().describe('Cannot unmute until a moderator or the API allows it.'),
  deafened: z.boolean(),
  connected: z.boolean().describe('The media connection stands.'),
  captured: z.boolean().describe('What they say and hear is being recorded to find a fault.'),
  levelDbov: z
    .number()
    .min(-127)
    .max(0)
    .nullable()
    .describe('The level in dBov (RFC 6464: 0 is the loudest) of somebody who speaks now, otherwise null.'),
  network: networkSchema.describe(
    'How their media gets through, by the latest RTCP reports, which come every few seconds; null where there is none yet.',
  ),
});

export const participantListSchema = z.strictObject({
  participants: z.array(participantSchema),
  total: count().describe('All that match, those beyond this page included.'),
});

export const captureSchema = z.strictObject({
  seconds: z.number().int().min(1).max(MAX_CAPTURE_SECONDS).default(60).describe('How long it goes on.'),
  maxBytes: z
    .number()
    .int()
    .min(10_000)
    .max(MAX_CAPTURE_BYTES)
    .default(16 * 1024 * 1024)
    .describe('How long the file gets; a minute of speech in both directions has one or two megabytes.'),
});

export const kickSchema = z.strictObject({
  banSeconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_BAN_SECONDS)
    .default(0)
    .describe('How long the identity of their token does not get into the room again.'),
});

export const kickedSchema = z.strictObject({
  banned: z.boolean().describe('False without a time, and for somebody without an identity, who cannot be kept out.'),
});

export const banSchema = z.strictObject({
  identity: z.string().describe('The claim `sub` of their join token: with it they do not get in.'),
  name: z.string().describe('As whom they were known when they were put out.'),
  by: z.string().nullable().describe('The identity of the moderator who did it; null: the API.'),
  since: time(),
  until: time(),
});

export const banListSchema = z.strictObject({
  bans: z.array(banSchema),
  total: count().describe('All of this room, those beyond this page included.'),
});

export const moveSchema = z.strictObject({
  room: name().describe('Opened if it is not there. It may be locked or have a password.'),
});

export const newTokenSchema = z.strictObject({
  room: name(),
  identity: z
    .string()
    .min(1)
    .max(MAX_IDENTITY_LENGTH)
    .describe('Who it is for, in your own terms, as a user id. The others in the room are told.'),
  name: name().optional().describe('The name that is shown. Without it, the participant chooses.'),
  maySpeak: z.boolean().default(true),
  mayModerate: z.boolean().default(false).describe('They may mute, remove and keep out others, and lock the room.'),
  expiresInSeconds: z
    .number()
    .int()
    .min(1)
    .max(MAX_TOKEN_SECONDS)
    .default(3600)
    .describe('How long one can join with it.'),
});

export const tokenSchema = z.strictObject({
  token: z.string().describe('A JSON Web Token (RFC 7519).'),
  expiresAt: time(),
  path: z.string().describe('Where the page of this server opens with it: to be put behind the address of the server.'),
});

export const drainSchema = z.strictObject({
  deadlineSeconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_DRAIN_SECONDS)
    .optional()
    .describe(
      'After so long the server ends even if somebody is still there. Without it, it waits as long as it takes.',
    ),
});

export const drainingSchema = z.strictObject({
  since: time(),
  deadline: time().nullable().describe('When the server ends even if somebody is still there.'),
});

export const workerSchema = z.strictObject({
  worker: count().describe('0, 1, …; a worker that replaces a dead one takes its number.'),
  running: z.boolean().describe('False while one that died is not replaced yet; the figures are then 0.'),
  failing: z.boolean().describe('It dies again and again.'),
  restarts: count(),
  tickAgeMs: z.number().min(0).nullable().describe('Time since its last tick, which is due every 20 ms.'),
  load: z.number().min(0).describe('The share of a processor that it uses, 0 to 1.'),
  overloadLevel: count().describe('0 is normal; with each level more is left out to stay in time.'),
  starved: z.boolean().describe('Its ticks are late although it has time to spare: others have the processor.'),
  rooms: count(),
  connections: count().describe('Media connections.'),
  talkers: count(),
  jitterBufferDelayMs: z.number().min(0).describe('How long packets of talkers wait on average before they are mixed.'),
  tickLatenessMaxMs: z.number().min(0).describe('By how much the latest tick of the last half second was late.'),
});

export const webhookSchema = z.strictObject({
  host: z.string().describe('Of the URL, the rest of which may be secret.'),
  waiting: count().describe('Events that are not delivered yet.'),
  delivered: count(),
  failed: count().describe('Attempts that failed.'),
  dropped: count().describe('Events that were given up: too old, or too many waited.'),
});

export const serverSchema = z.strictObject({
  version: z.string(),
  status: z.enum(['ok', 'unhealthy', 'draining', 'closing']),
  problems: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  startedAt: time(),
  uptimeSeconds: count(),
  rooms: count(),
  participants: count(),
  connections: count().describe('WebSocket connections, joined or not.'),
  draining: drainingSchema.nullable(),
  workers: z.array(workerSchema),
  webhooks: z.array(webhookSchema),
});

/** RFC 9457, as `application/problem+json`. */
export const problemSchema = z.strictObject({
  type: z.string().describe('`urn:partyline:problem:` and the code.'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe('Stable, for programs.'),
  retryAfterMs: count().optional().describe('When it is worth trying again.'),
});

/** The parameters in the paths of operations. */
export const pathSchema = z.strictObject({
  room: z.string().max(MAX_NAME_LENGTH).default('').describe('The name of a room, percent-encoded.'),
  participant: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a participant.'),
  identity: z
    .string()
    .max(MAX_IDENTITY_LENGTH)
    .default('')
    .describe('The claim `sub` of a join token, percent-encoded.'),
});

const MAX_PAGE = 1000;

/** What lists are asked for by. */
export const pageSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE).describe('How many at most.'),
  offset: z.coerce.number().int().min(0).default(0).describe('How many to leave out before them.'),
});

export const participantQuerySchema = pageSchema.extend({
  identity: z.string().max(MAX_IDENTITY_LENGTH).optional().describe('Only the one with this identity.'),
});
