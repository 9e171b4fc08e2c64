/**
 * The schema of what clients send over the WebSocket at `/ws`. The types are in `messages.ts`, so that the client
 * library does not need zod.
 */
import { z } from 'zod';
import {
  MAX_CHANNELS,
  MAX_CHAT_FILE_BYTES,
  MAX_CHAT_ID_LENGTH,
  MAX_CHAT_LENGTH,
  MAX_DATA_BYTES,
  MAX_DATA_RECEIVERS,
  MAX_FILE_NAME_LENGTH,
  MAX_GAIN,
  MAX_MENTIONS,
  MAX_NAME_LENGTH,
  MAX_PAGE_MARK_LENGTH,
  MAX_PARTICIPANT_ID_LENGTH,
  MAX_PASSWORD_LENGTH,
  MAX_RESUME_TOKEN_LENGTH,
  MAX_SDP_LENGTH,
  MAX_SLOW_MODE_SECONDS,
  MAX_TOKEN_LENGTH,
  MAX_TOPIC_LENGTH,
  MAX_WHISPERED,
} from './bounds.ts';
import { base64 } from './data.ts';
import type { ClientMessageInput } from './messages.ts';
import { coordinate, degrees } from './space.ts';

/** Comes back with the answer. */
const requestId = () => z.number().optional();
const chatId = () => z.string().max(MAX_CHAT_ID_LENGTH);
const chatText = () => z.string().max(MAX_CHAT_LENGTH);
const mentions = () => z.array(z.string().max(MAX_PARTICIPANT_ID_LENGTH)).max(MAX_MENTIONS).readonly().default([]);

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('join'),
    room: z.string().max(MAX_NAME_LENGTH),
    name: z.string().max(MAX_NAME_LENGTH),
    muted: z.boolean().default(false),
    deafened: z.boolean().default(false),
    hasMicrophone: z.boolean().default(true),
    resumeToken: z.string().max(MAX_RESUME_TOKEN_LENGTH).optional(),
    token: z.string().max(MAX_TOKEN_LENGTH).optional(),
    password: z.string().max(MAX_PASSWORD_LENGTH).optional(),
    batches: z.boolean().default(false),
    chat: z.boolean().default(false),
    chatAfter: chatId().optional(),
    data: z.boolean().default(false),
    pages: z.boolean().default(false),
    redirects: z.boolean().default(false),
    companionOf: z.string().max(MAX_RESUME_TOKEN_LENGTH).optional(),
  }),
  z.object({ type: z.literal('offer'), sdp: z.string().max(MAX_SDP_LENGTH), restart: z.boolean().default(false) }),
  z.object({
    type: z.literal('state'),
    muted: z.boolean().optional(),
    deafened: z.boolean().optional(),
    hasMicrophone: z.boolean().optional(),
    handRaised: z.boolean().optional(),
    away: z.boolean().optional(),
    agreesToRecording: z.literal(true).optional(),
  }),
  z.object({ type: z.literal('mute'), muted: z.boolean() }),
  z.object({ type: z.literal('deafen'), deafened: z.boolean() }),
  z.object({
    type: z.literal('hear'),
    participantId: z.string().max(MAX_PARTICIPANT_ID_LENGTH),
    gain: z.number().min(0).max(MAX_GAIN),
  }),
  z.object({
    type: z.literal('talk_to'),
    room: z.boolean().default(false),
    channels: z.array(z.string().max(MAX_NAME_LENGTH)).max(MAX_CHANNELS).readonly().default([]),
    to: z.array(z.string().max(MAX_PARTICIPANT_ID_LENGTH)).max(MAX_WHISPERED).readonly().default([]),
    shout: z.boolean().default(false),
  }),
  z.object({ type: z.literal('join_channel'), channel: z.string().max(MAX_NAME_LENGTH) }),
  z.object({ type: z.literal('leave_channel'), channel: z.string().max(MAX_NAME_LENGTH) }),
  z.object({ type: z.literal('turn'), yaw: degrees() }),
  z.object({
    type: z.literal('pose'),
    position: z.tuple([coordinate(), coordinate(), coordinate()]).readonly(),
    yaw: degrees().optional(),
  }),
  z.object({
    type: z.literal('mute_participant'),
    participantId: z.string().max(MAX_PARTICIPANT_ID_LENGTH),
    muted: z.boolean(),
    requestId: requestId(),
  }),
  z.object({
    type: z.literal('kick'),
    participantId: z.string().max(MAX_PARTICIPANT_ID_LENGTH),
    banSeconds: z.number().int().min(0).max(86_400).default(0),
    requestId: requestId(),
  }),
  z.object({ type: z.literal('lock'), locked: z.boolean(), requestId: requestId() }),
  z.object({ type: z.literal('renew_token'), token: z.string().max(MAX_TOKEN_LENGTH).optional() }),
  z.object({
    type: z.literal('say'),
    text: chatText(),
    to: z.string().max(MAX_PARTICIPANT_ID_LENGTH).optional(),
    mentions: mentions(),
    file: z.string().max(MAX_PARTICIPANT_ID_LENGTH).optional(),
    requestId: requestId(),
  }),
  z.object({
    type: z.literal('offer_file'),
    name: z.string().max(MAX_FILE_NAME_LENGTH),
    bytes: z.number().int().min(1).max(MAX_CHAT_FILE_BYTES),
    requestId: requestId(),
  }),
  z.object({ type: z.literal('edit'), id: chatId(), text: chatText(), mentions: mentions(), requestId: requestId() }),
  z.object({ type: z.literal('unsay'), id: chatId(), requestId: requestId() }),
  z.object({
    type: z.literal('mute_chat'),
    participantId: z.string().max(MAX_PARTICIPANT_ID_LENGTH),
    muted: z.boolean(),
    requestId: requestId(),
  }),
  z.object({
    type: z.literal('slow_mode'),
    seconds: z.number().int().min(0).max(MAX_SLOW_MODE_SECONDS),
    requestId: requestId(),
  }),
  z.object({
    type: z.literal('data'),
    topic: z.string().min(1).max(MAX_TOPIC_LENGTH),
    payload: z.unknown().optional(),
    bytes: base64(MAX_DATA_BYTES).optional(),
    to: z.array(z.string().max(MAX_PARTICIPANT_ID_LENGTH)).max(MAX_DATA_RECEIVERS).readonly().optional(),
    reliable: z.boolean().default(true),
    requestId: requestId(),
  }),
  z.object({
    type: z.literal('record'),
    on: z.boolean(),
    tracks: z.enum(['mix', 'participants', 'both']).default('both'),
    requestId: requestId(),
  }),
  z.object({ type: z.literal('watch_rooms'), on: z.boolean(), requestId: requestId() }),
  z.object({
    type: z.literal('switch_room'),
    room: z.string().max(MAX_NAME_LENGTH),
    password: z.string().max(MAX_PASSWORD_LENGTH).optional(),
    token: z.string().max(MAX_TOKEN_LENGTH).optional(),
    requestId: requestId(),
  }),
  z.object({
    type: z.literal('list_people'),
    after: z.string().max(MAX_PAGE_MARK_LENGTH).optional(),
    search: z.string().max(MAX_NAME_LENGTH).default(''),
    requestId: requestId(),
  }),
  z.object({ type: z.literal('leave') }),
  z.object({ type: z.literal('ping'), id: z.number().optional() }),
]);

/** The schema accepts nothing that the documented types do not have. */
clientMessageSchema satisfies z.ZodType<unknown, ClientMessageInput>;

/** A parsed client message: every field with a default is present. */
export type ClientMessage = z.output<typeof clientMessageSchema>;
