/** Every operation of the REST API. Routes, validation and the OpenAPI document are all derived from this table. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { ErrorCode } from '../../lib/errors.ts';
import { newDataSchema, sentDataSchema } from '../data.ts';
import { spaceUpdateSchema } from '../space.ts';
import { AUDIT_OPERATIONS } from './audit-operations.ts';
import { BAN_OPERATIONS } from './ban-operations.ts';
import { channelListSchema, channelSchema, newChannelSchema } from './channel-schemas.ts';
import { CLUSTER_OPERATIONS } from './cluster-operations.ts';
import type { Download } from './download.ts';
import { FORWARD_OPERATIONS } from './forward-operations.ts';
import type { PathParameters } from './path-schema.ts';
import { PLAYER_OPERATIONS } from './player-operations.ts';
import { RECORDING_OPERATIONS } from './recording-operations.ts';
import { ROUTE_OPERATIONS } from './route-operations.ts';
import { RTP_OPERATIONS } from './rtp-operations.ts';
import {
  captureSchema,
  controlTokenSchema,
  drainingSchema,
  drainSchema,
  kickedSchema,
  kickSchema,
  listenerListSchema,
  moveSchema,
  newControlTokenSchema,
  newRoomSchema,
  newTokenSchema,
  pageSchema,
  participantListSchema,
  participantQuerySchema,
  participantSchema,
  roomChangeSchema,
  roomListSchema,
  roomSchema,
  serverSchema,
  tokenSchema,
} from './schemas.ts';

import type { AdminScope } from './scopes.ts';

export const API_PATH = '/api/v1';

export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Path after `API_PATH`, with parameters in OpenAPI notation. */
  readonly path: string;
  /** What a token needs; if omitted, `read` for what only reads, otherwise `everything`. */
  readonly scope?: AdminScope;
  /** Fields of the body that need `everything`, unless their value is `off`: others may hear people because of them. */
  readonly guarded?: readonly string[];
  readonly tag: 'server' | 'rooms' | 'participants' | 'channels' | 'recordings' | 'forwards' | 'players' | 'tokens';
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  /** An omitted body counts as an empty object. */
  readonly body?: z.ZodObject;
  /** The body may be larger than usual. */
  readonly hasLargeBody?: boolean;
  /** The control token of the room allows it, too. */
  readonly takesControlToken?: boolean;
  /** Without one, the status is 204. */
  readonly answer?: { readonly status: 200 | 201; readonly schema: z.ZodObject };
  /** Instead of an answer: a file download that grows while it is sent. */
  readonly file?: { readonly contentType: string; readonly name: string };
  /** Instead of an answer: a file, of one of these types. */
  readonly download?: readonly string[];
  /** In addition to the errors that every operation can return. */
  readonly errors: readonly ErrorCode[];
}

const room = '/rooms/{room}';
const participant = `${room}/participants/{participant}`;
const channel = `${room}/channels/{channel}`;
const ROOM_ERRORS = ['unknown_room'] as const satisfies readonly ErrorCode[];
const PARTICIPANT_ERRORS = ['unknown_room', 'unknown_participant'] as const satisfies readonly ErrorCode[];
const CHANNEL_ERRORS = ['unknown_room', 'unknown_channel'] as const satisfies readonly ErrorCode[];

export const OPERATIONS = {
  getServer: {
    method: 'get',
    path: '/server',
    tag: 'server',
    summary: 'Server status',
    description: 'Cheap enough to poll once a second. Worker figures are at most about one second old.',
    answer: { status: 200, schema: serverSchema },
    errors: [],
  },
  drainServer: {
    method: 'post',
    path: '/server/drain',
    tag: 'server',
    summary: 'Admit no new participants, and shut down when everyone has left',
    description:
      'Participants are notified and can keep talking, and can reconnect if they lose the connection. When the last one has left, or at the deadline, the process ends as after SIGTERM, with exit code 0. Calling this again sets another deadline.',
    body: drainSchema,
    answer: { status: 200, schema: drainingSchema },
    errors: ['server_closing'],
  },
  undrainServer: {
    method: 'delete',
    path: '/server/drain',
    tag: 'server',
    summary: 'Admit new participants again',
    errors: ['server_closing'],
  },
  listRooms: {
    method: 'get',
    path: '/rooms',
    tag: 'rooms',
    summary: 'All rooms, oldest first',
    description: 'In a cluster, those of all servers.',
    query: pageSchema,
    answer: { status: 200, schema: roomListSchema },
    errors: [],
  },
  createRoom: {
    method: 'post',
    path: '/rooms',
    tag: 'rooms',
    scope: 'moderate',
    guarded: ['live', 'recording'],
    summary: 'Open a permanent room',
    description:
      'The room stays open while it is empty, until it is closed. With `keep-state` it is there again after a restart. Values of `live` and `recording` other than `off` need the scope `everything`.',
    body: newRoomSchema,
    answer: { status: 201, schema: roomSchema },
    errors: ['invalid_room', 'room_exists', 'too_many_rooms', 'server_busy', 'server_closing'],
  },
  getRoom: {
    method: 'get',
    path: room,
    tag: 'rooms',
    summary: 'One room',
    answer: { status: 200, schema: roomSchema },
    errors: ROOM_ERRORS,
  },
  changeRoom: {
    method: 'patch',
    path: room,
    tag: 'rooms',
    scope: 'moderate',
    guarded: ['live', 'recording'],
    summary: "Change a room's settings",
    description:
      'Omitted fields keep their value. A room that is not permanent loses these settings when its last participant leaves. Values of `live` and `recording` other than `off` need the scope `everything`.',
    body: roomChangeSchema,
    answer: { status: 200, schema: roomSchema },
    errors: [...ROOM_ERRORS, 'too_many_channels'],
  },
  closeRoom: {
    method: 'delete',
    path: room,
    tag: 'rooms',
    scope: 'moderate',
    summary: 'Close a room',
    description:
      'Everyone in it receives `room_closed` and is removed. If access is open, anyone may open the room again.',
    errors: ROOM_ERRORS,
  },
  listParticipants: {
    method: 'get',
    path: `${room}/participants`,
    tag: 'participants',
    summary: 'Participants in a room, in order of arrival',
    query: participantQuerySchema,
    answer: { status: 200, schema: participantListSchema },
    errors: ROOM_ERRORS,
  },
  getParticipant: {
    method: 'get',
    path: participant,
    tag: 'participants',
    summary: 'One participant',
    answer: { status: 200, schema: participantSchema },
    errors: PARTICIPANT_ERRORS,
  },
  muteParticipant: {
    method: 'post',
    path: `${participant}/mute`,
    tag: 'participants',
    scope: 'moderate',
    summary: 'Mute a participant; they cannot unmute themselves',
    answer: { status: 200, schema: participantSchema },
    errors: PARTICIPANT_ERRORS,
  },
  unmuteParticipant: {
    method: 'post',
    path: `${participant}/unmute`,
    tag: 'participants',
    scope: 'moderate',
    summary: 'Allow a participant to unmute',
    description: 'They stay muted until they unmute themselves: nobody is unmuted by someone else.',
    answer: { status: 200, schema: participantSchema },
    errors: PARTICIPANT_ERRORS,
  },
  kickParticipant: {
    method: 'post',
    path: `${participant}/kick`,
    tag: 'participants',
    scope: 'moderate',
    summary: 'Remove a participant from a room, and optionally ban them',
    body: kickSchema,
    answer: { status: 200, schema: kickedSchema },
    errors: PARTICIPANT_ERRORS,
  },
  moveParticipant: {
    method: 'post',
    path: `${participant}/move`,
    tag: 'participants',
    scope: 'moderate',
    summary: 'Move a participant to another room',
    description:
      'Their connection stays, and within a moment they hear and are heard in the other room. They keep their id. The move lasts as long as they stay: if they leave and join again, they enter the room they ask for.',
    body: moveSchema,
    answer: { status: 200, schema: participantSchema },
    errors: [
      ...PARTICIPANT_ERRORS,
      'invalid_room',
      'room_full',
      'identity_present',
      'too_many_rooms',
      'room_elsewhere',
    ],
  },
  captureParticipant: {
    method: 'post',
    path: `${participant}/capture`,
    tag: 'participants',
    summary: 'Record unencrypted what a participant says and hears',
    description:
      'For troubleshooting: decrypted RTP and RTCP in both directions, for Wireshark. Only available if the server allows it (`allow-capture`). Everyone in the room is notified while it runs. It ends when its time or size limit is reached, when the participant leaves, or when the client stops reading.',
    body: captureSchema,
    file: { contentType: 'application/vnd.tcpdump.pcap', name: 'capture.pcap' },
    errors: [...PARTICIPANT_ERRORS, 'capture_off', 'capture_running'],
  },
  listListeners: {
    method: 'get',
    path: `${room}/listeners`,
    tag: 'participants',
    summary: 'People who only listen to a room (WHEP), in order of arrival',
    query: pageSchema,
    answer: { status: 200, schema: listenerListSchema },
    errors: ROOM_ERRORS,
  },
  endListener: {
    method: 'delete',
    path: `${room}/listeners/{listener}`,
    tag: 'participants',
    scope: 'moderate',
    summary: 'End the connection of a listener',
    errors: [...ROOM_ERRORS, 'unknown_listener'],
  },
  updateSpace: {
    method: 'post',
    path: `${room}/space`,
    tag: 'rooms',
    summary: 'Set where players are, and how they hear each other',
    description:
      'For game servers. A request applies as a whole, or not at all if the answer is an error. Players with a position hear and are heard from there, in stereo if their client plays it. The others hear only each other. Voices glide between positions, so five to twenty updates a second are enough.',
    body: spaceUpdateSchema,
    hasLargeBody: true,
    takesControlToken: true,
    errors: [...ROOM_ERRORS, 'no_space', 'too_many_bodies'],
  },
  sendData: {
    method: 'post',
    path: `${room}/data`,
    tag: 'rooms',
    summary: 'Send a message to the programs of participants',
    description:
      'For game servers. Clients whose `join` had `data` receive it as a message `data` with `from` null. It is not kept.',
    body: newDataSchema,
    answer: { status: 200, schema: sentDataSchema },
    takesControlToken: true,
    errors: [...ROOM_ERRORS, 'malformed_message', 'data_too_large', 'too_many_data'],
  },
  listChannels: {
    method: 'get',
    path: `${room}/channels`,
    tag: 'channels',
    summary: 'Channels of a room, in the order in which they were created',
    answer: { status: 200, schema: channelListSchema },
    takesControlToken: true,
    errors: ROOM_ERRORS,
  },
  getChannel: {
    method: 'get',
    path: channel,
    tag: 'channels',
    summary: 'One channel',
    answer: { status: 200, schema: channelSchema },
    takesControlToken: true,
    errors: CHANNEL_ERRORS,
  },
  putChannel: {
    method: 'post',
    path: `${room}/channels`,
    tag: 'channels',
    summary: 'Create a channel, or replace the one with this name',
    description:
      'A request replaces the whole channel. You may list people before they join. Channels are deleted when their room closes.',
    body: newChannelSchema,
    answer: { status: 200, schema: channelSchema },
    takesControlToken: true,
    errors: [...ROOM_ERRORS, 'invalid_channel', 'too_many_channels'],
  },
  deleteChannel: {
    method: 'delete',
    path: channel,
    tag: 'channels',
    summary: 'Delete a channel',
    description: 'Nobody hears people who speak only in this channel until they choose again.',
    takesControlToken: true,
    errors: CHANNEL_ERRORS,
  },
  ...RECORDING_OPERATIONS,
  ...FORWARD_OPERATIONS,
  ...ROUTE_OPERATIONS,
  ...RTP_OPERATIONS,
  ...PLAYER_OPERATIONS,
  ...BAN_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...CLUSTER_OPERATIONS,
  createToken: {
    method: 'post',
    path: '/tokens',
    tag: 'tokens',
    summary: 'Create a join token',
    description: 'It admits one identity to one room until it expires, like one made by `partyline token`.',
    body: newTokenSchema,
    answer: { status: 201, schema: tokenSchema },
    errors: ['invalid_room', 'invalid_name', 'tokens_off'],
  },
  createControlToken: {
    method: 'post',
    path: '/control-tokens',
    tag: 'tokens',
    summary: 'Create a control token for a game server',
    description:
      'It opens the control connection of one room (`docs/games.md`), and is accepted for the space and the channels of that room. It admits nobody to the room.',
    body: newControlTokenSchema,
    answer: { status: 201, schema: controlTokenSchema },
    errors: ['invalid_room', 'tokens_off'],
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;

/** The table without its literal types. */
export const OPERATION_LIST = Object.entries(OPERATIONS) as [OperationId, Operation][];

/** The input of a handler: `params` from the path, the rest as parsed by the schemas. */
export interface Input<O extends Operation> {
  readonly params: PathParameters;
  readonly query: O['query'] extends z.ZodObject ? z.output<O['query']> : undefined;
  readonly body: O['body'] extends z.ZodObject ? z.output<O['body']> : undefined;
}

export type Output<O extends Operation> = O extends { readonly file: object }
  ? Readable
  : O extends { readonly download: readonly string[] }
    ? Download
    : O['answer'] extends { readonly schema: infer S extends z.ZodObject }
      ? z.output<S>
      : undefined;

export type Handlers = {
  readonly [K in OperationId]: (
    input: Input<(typeof OPERATIONS)[K]>,
  ) => Output<(typeof OPERATIONS)[K]> | Promise<Output<(typeof OPERATIONS)[K]>>;
};
