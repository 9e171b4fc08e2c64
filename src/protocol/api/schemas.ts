/**
 * The data of the REST API, in both directions. These schemas validate requests, and the OpenAPI document is generated
 * from them, so the descriptions are for its readers.
 */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../lib/errors.ts';
import {
  MAX_DESCRIPTION_LENGTH,
  MAX_IDENTITY_LENGTH,
  MAX_LINKED_ROOMS,
  MAX_NAME_LENGTH,
  MAX_PASSWORD_LENGTH,
  MAX_ROOM_ORDER,
  MAX_SLOW_MODE_SECONDS,
  MAX_TEAMS,
} from '../bounds.ts';
import { MAX_BAN_SECONDS } from './ban-schemas.ts';
import { liveMode } from './live-mode.ts';
import { recordingMode } from './recording-schemas.ts';

const MAX_TOKEN_SECONDS = 366 * 86_400;
const MAX_DRAIN_SECONDS = 7 * 86_400;
export const MAX_CAPTURE_SECONDS = 600;
const MAX_CAPTURE_BYTES = 64 * 1024 * 1024;

const count = () => z.number().int().min(0);
const time = () => z.string().meta({ format: 'date-time' });
const name = () => z.string().min(1).max(MAX_NAME_LENGTH);

const maxParticipants = z.number().int().min(1).max(10_000).describe('Maximum number of participants.');
const maxTalkers = z
  .number()
  .int()
  .min(0)
  .max(1000)
  .describe('Maximum number of talkers heard at the same time, chosen by loudness; 0: no limit.');
const levelling = z.boolean().describe('Whether quiet and loud talkers are brought to about the same level.');
const whispers = z.boolean().describe('Whether participants may whisper to each other.');
const links = z
  .array(name())
  .max(MAX_LINKED_ROOMS)
  .describe(
    'Names of other rooms. Two rooms are linked while each names the other: whoever may shout in one is heard in both.',
  );
const teams = z
  .array(name())
  .max(MAX_TEAMS)
  .describe(
    'Names of teams among which people in the room choose: open channels, of which each person joins one at most.',
  );
const chat = z.boolean().describe('Whether the room has a chat. Switching it off deletes its history.');
const slowModeSeconds = z
  .number()
  .int()
  .min(0)
  .max(MAX_SLOW_MODE_SECONDS)
  .describe('How long one person waits between two chat messages; 0: not at all. Moderators do not wait.');
const description = z
  .string()
  .max(MAX_DESCRIPTION_LENGTH)
  .describe('What the list of rooms says about the room; empty for nothing.');
const order = z
  .number()
  .int()
  .min(0)
  .max(MAX_ROOM_ORDER)
  .describe(
    'The place in the list of rooms: lower numbers come first, and equal ones are in the order of their names.',
  );
const listed = z.boolean().describe('Whether the list of rooms may have the room.');
const locked = z.boolean().describe('Whether only moderators may join.');
const password = z
  .string()
  .min(1)
  .max(MAX_PASSWORD_LENGTH)
  .describe('In plain text, or hashed by `partyline password`.');

export const roomSchema = z.strictObject({
  name: z.string(),
  permanent: z.boolean().describe('Opened by the API: the room stays when its last participant leaves.'),
  startedAt: time(),
  locked,
  hasPassword: z.boolean(),
  maxParticipants,
  maxTalkers,
  levelling,
  whispers,
  links,
  teams,
  chat,
  slowModeSeconds,
  description,
  order,
  listed,
  participants: count().describe(
    'Number of participants, including those whose connection broke and whose seat is kept.',
  ),
  listeners: count().describe('Number of people who only listen (WHEP). They are not participants.'),
  speaking: count().describe('Number of participants speaking now.'),
  recording: recordingMode,
  live: liveMode,
  recordingId: z.string().nullable().describe('The recording that is running; null if there is none.'),
  node: z.string().optional().describe('In lists of a cluster: the server that has the room.'),
});

export const roomListSchema = z.strictObject({
  rooms: z.array(roomSchema),
  total: count().describe('Number of rooms, including those beyond this page.'),
  incomplete: z.array(z.string()).optional().describe('Servers of the cluster that did not answer within a second.'),
});

/** `POST /rooms`. Omitted fields take the server's settings. */
export const newRoomSchema = z.strictObject({
  name: name().describe('1 to 64 letters, digits, spaces, "-", "_" or "."; slashes make a tree of rooms.'),
  locked: locked.default(false),
  password: password.optional(),
  maxParticipants: maxParticipants.optional(),
  maxTalkers: maxTalkers.optional(),
  levelling: levelling.optional(),
  whispers: whispers.optional(),
  links: links.optional(),
  teams: teams.optional(),
  chat: chat.optional(),
  slowModeSeconds: slowModeSeconds.optional(),
  description: description.optional(),
  order: order.optional(),
  listed: listed.optional(),
  recording: recordingMode.optional(),
  live: liveMode.optional(),
});

/** `PATCH /rooms/{room}`. Omitted fields keep their value. */
export const roomChangeSchema = z.strictObject({
  locked: locked.optional(),
  password: password
    .nullable()
    .optional()
    .describe('Applies to participants who join from now on; null: the configured password, if there is one.'),
  maxParticipants: maxParticipants.optional().describe('Lowering it removes nobody.'),
  maxTalkers: maxTalkers.optional(),
  levelling: levelling.optional(),
  whispers: whispers.optional(),
  links: links.optional(),
  teams: teams.optional(),
  chat: chat.optional(),
  slowModeSeconds: slowModeSeconds.optional(),
  description: description.optional(),
  order: order.optional(),
  listed: listed.optional(),
  recording: recordingMode.optional().describe('`off` ends a recording that is running.'),
  live: liveMode
    .optional()
    .describe('`off` ends those who listen, everything but `public` those whom only `public` let in.'),
});

export const receptionSchema = z.strictObject({
  lossRatio: z.number().min(0).max(1).describe('Fraction of packets lost between the last two reports.'),
  jitterMs: z.number().min(0).describe('Interarrival jitter (RFC 3550).'),
});

export const networkSchema = z.strictObject({
  incoming: receptionSchema.nullable().describe('What they send, as it arrives at the server.'),
  outgoing: receptionSchema.nullable().describe('What the server sends them, as it arrives at their browser.'),
  roundTripMs: z.number().min(0).nullable().describe('Round trip between the server and their browser.'),
});

export const participantSchema = z.strictObject({
  id: z.string(),
  room: z.string(),
  identity: z.string().nullable().describe('The claim `sub` of their join token; null without a token.'),
  name: z.string(),
  joinedAt: time().describe('When they joined this room.'),
  address: z
    .string()
    .nullable()
    .describe('Their IP address; null with `show-addresses` off. Other participants never see it.'),
  maySpeak: z.boolean(),
  mayModerate: z.boolean(),
  muted: z.boolean(),
  mutedByModerator: z.boolean().describe('Cannot unmute until a moderator or the API allows it.'),
  deafened: z.boolean(),
  microphone: z.enum(['none', 'muted', 'open']).describe('`none`: they use no microphone, or may not speak.'),
  connected: z.boolean().describe('The media connection is established.'),
  captured: z.boolean().describe('What they say and hear is being recorded for troubleshooting.'),
  handRaised: z.boolean().describe('They want to say something.'),
  via: z
    .enum(['whip', 'bot', 'rtp', 'mumble', 'websocket'])
    .nullable()
    .describe('`whip`, `bot`, `rtp`: a program. `mumble`: a Mumble client. `websocket`: no WebRTC. Otherwise null.'),
  away: z.boolean().describe('They have said that they are not at the computer.'),
  role: z
    .enum(['person', 'music'])
    .describe('`music`: a sound that its owner shares beside their voice; it is not a person.'),
  owner: z.string().nullable().describe('The id of the participant who shares this sound; null for a person.'),
  mayChat: z.boolean().describe('May write in the chat: their token allows it, and no moderator has muted them there.'),
  levelDbov: z
    .number()
    .min(-127)
    .max(0)
    .nullable()
    .describe('Level in dBov (RFC 6464: 0 is the loudest) while speaking, otherwise null.'),
  network: networkSchema.describe(
    'Quality of their media, from the latest RTCP reports, which arrive every few seconds; null before the first report.',
  ),
});

export const participantListSchema = z.strictObject({
  participants: z.array(participantSchema),
  total: count().describe('Number of matches, including those beyond this page.'),
});

export const listenerSchema = z.strictObject({
  id: z.string(),
  via: z
    .enum(['whep', 'http', 'forward', 'route', 'rtp'])
    .describe('`forward`, `rtp`: where the room is sent. `route`: another room.'),
  since: time(),
  address: z.string().nullable().describe('Their IP address; null with `show-addresses` off.'),
  connected: z.boolean().describe('The media connection is established.'),
  network: networkSchema.describe('Quality of their media; they send nothing, so `incoming` is always null.'),
});

export const listenerListSchema = z.strictObject({
  listeners: z.array(listenerSchema),
  total: count().describe('Number of listeners, including those beyond this page.'),
});

export const captureSchema = z.strictObject({
  seconds: z.number().int().min(1).max(MAX_CAPTURE_SECONDS).default(60).describe('Maximum duration.'),
  maxBytes: z
    .number()
    .int()
    .min(10_000)
    .max(MAX_CAPTURE_BYTES)
    .default(16 * 1024 * 1024)
    .describe('Maximum file size; a minute of speech in both directions takes one or two megabytes.'),
});

export const kickSchema = z.strictObject({
  banSeconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_BAN_SECONDS)
    .default(0)
    .describe('How long the identity in their token is banned from the room.'),
});

export const kickedSchema = z.strictObject({
  banned: z
    .boolean()
    .describe('False if no time was given, and for participants without an identity, who cannot be banned.'),
});

export const moveSchema = z.strictObject({
  room: name().describe('The target room. It is opened if it does not exist. It may be locked or have a password.'),
});

export const newTokenSchema = z.strictObject({
  room: name(),
  identity: z
    .string()
    .min(1)
    .max(MAX_IDENTITY_LENGTH)
    .describe('Your own id for this person, such as a user id. The others in the room can see it.'),
  name: name().optional().describe('Display name. Without it, the participant chooses.'),
  maySpeak: z.boolean().default(true),
  mayModerate: z
    .boolean()
    .default(false)
    .describe('The participant may mute, remove and ban others, and lock the room.'),
  mayShout: z
    .boolean()
    .default(false)
    .describe('The participant may speak to all rooms that are linked to theirs at the same time.'),
  mayRecord: z.boolean().default(false).describe('The participant may start and end recordings of the room.'),
  mayPlaySounds: z
    .boolean()
    .default(false)
    .describe("The participant may play the server's sounds (`player-dir`) to the room."),
  mayBeBot: z.boolean().default(false).describe('The token is for a bot.'),
  mayChat: z.boolean().default(true).describe('The participant may write in the chat.'),
  maySendData: z.boolean().default(true).describe('The participant may send data to the programs of others.'),
  mayShareSound: z
    .boolean()
    .default(true)
    .describe('The participant may share the sound of a tab, or music, beside their voice.'),
  expiresInSeconds: z.number().int().min(1).max(MAX_TOKEN_SECONDS).default(3600).describe('Lifetime of the token.'),
});

export const tokenSchema = z.strictObject({
  token: z.string().describe('A JSON Web Token (RFC 7519).'),
  expiresAt: time(),
  path: z.string().describe("Path that opens this server's page with the token; prepend the address of the server."),
});

export const newControlTokenSchema = z.strictObject({
  room: name(),
  expiresInSeconds: z.number().int().min(1).max(MAX_TOKEN_SECONDS).default(3600).describe('Lifetime of the token.'),
});

export const controlTokenSchema = z.strictObject({
  token: z.string().describe('A JSON Web Token (RFC 7519).'),
  expiresAt: time(),
});

export const drainSchema = z.strictObject({
  deadlineSeconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_DRAIN_SECONDS)
    .optional()
    .describe(
      'After this time the server shuts down even if participants remain. Without it, the server waits indefinitely.',
    ),
});

export const drainingSchema = z.strictObject({
  since: time(),
  deadline: time().nullable().describe('When the server shuts down even if participants remain.'),
});

export const workerSchema = z.strictObject({
  worker: count().describe('0, 1, …; a replacement worker keeps the number of the one that died.'),
  running: z.boolean().describe('False while a worker that died is not yet replaced; its figures are then 0.'),
  failing: z.boolean().describe('It dies repeatedly.'),
  restarts: count(),
  tickAgeMs: z.number().min(0).nullable().describe('Time since its last tick, which is due every 20 ms.'),
  load: z.number().min(0).describe('Share of one CPU that it uses, 0 to 1.'),
  overloadLevel: count().describe('0 is normal; each higher level saves more work to stay in time.'),
  starved: z
    .boolean()
    .describe('Its ticks are late although it has spare capacity, because other programs use the CPU.'),
  rooms: count(),
  connections: count().describe('Media connections.'),
  talkers: count(),
  jitterBufferDelayMs: z.number().min(0).describe("Mean time that talkers' packets wait before they are mixed."),
  tickLatenessMaxMs: z.number().min(0).describe('Maximum tick lateness in the last half second.'),
});

export const webhookSchema = z.strictObject({
  host: z.string().describe('Origin of the URL, because the rest may be secret.'),
  waiting: count().describe('Events waiting to be delivered.'),
  delivered: count(),
  failed: count().describe('Failed attempts.'),
  dropped: count().describe('Discarded events: too old, or the queue was full.'),
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
  candidates: z
    .array(z.string())
    .describe(
      'The addresses announced to browsers for media, as `udp 192.0.2.1:40000`. They follow the addresses of the machine.',
    ),
  workers: z.array(workerSchema),
  webhooks: z.array(webhookSchema),
});

/** RFC 9457, as `application/problem+json`. */
export const problemSchema = z.strictObject({
  type: z.string().describe('`urn:partyline:problem:` followed by the code.'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe('Stable, for programs.'),
  retryAfterMs: count().optional().describe('When to try again.'),
});

const MAX_PAGE = 1000;

/** Query parameters of lists. */
export const pageSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE).describe('Maximum number of items.'),
  offset: z.coerce.number().int().min(0).default(0).describe('Number of items to skip.'),
});

export const participantQuerySchema = pageSchema.extend({
  identity: z.string().max(MAX_IDENTITY_LENGTH).optional().describe('Only the participant with this identity.'),
});
