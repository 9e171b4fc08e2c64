/** Every operation of the REST API: routes, checks and the OpenAPI document all come from this table. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { ErrorCode } from '../../lib/errors.ts';
import {
  banListSchema,
  captureSchema,
  drainingSchema,
  drainSchema,
  kickedSchema,
  kickSchema,
  moveSchema,
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

export const API_PATH = '/api/v1';

export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Behind `API_PATH`; parameters as OpenAPI writes them. */
  readonly path: string;
  readonly tag: 'server' | 'rooms' | 'participants' | 'tokens';
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  /** Left out by the client, it counts as an empty object. */
  readonly body?: z.ZodObject;
  /** Without an answer it is 204. */
  readonly answer?: { readonly status: 200 | 201; readonly schema: z.ZodObject };
  /** In place of an answer: a file for download, which grows while it is sent. */
  readonly file?: { readonly contentType: string; readonly name: string };
  /** Beside those that every operation can answer with. */
  readonly errors: readonly ErrorCode[];
}

const room = '/rooms/{room}';
const participant = `${room}/participants/{participant}`;
const OF_ROOM = ['unknown_room'] as const satisfies readonly ErrorCode[];
const OF_PARTICIPANT = ['unknown_room', 'unknown_participant'] as const satisfies readonly ErrorCode[];

export const OPERATIONS = {
  getServer: {
    method: 'get',
    path: '/server',
    tag: 'server',
    summary: 'What the server is doing',
    description: 'Cheap enough to be asked once a second. Figures of workers are at most about a second old.',
    answer: { status: 200, schema: serverSchema },
    errors: [],
  },
  drainServer: {
    method: 'post',
    path: '/server/drain',
    tag: 'server',
    summary: 'Take in nobody new, and end when all have left',
    description:
      'Participants are told and talk on; who loses the connection comes back as ever. When the last one has left, or at the deadline, the process ends as after SIGTERM, with 0. Asked again, it sets another deadline.',
    body: drainSchema,
    answer: { status: 200, schema: drainingSchema },
    errors: ['server_closing'],
  },
  undrainServer: {
    method: 'delete',
    path: '/server/drain',
    tag: 'server',
    summary: 'Take in newcomers again',
    errors: ['server_closing'],
  },
  listRooms: {
    method: 'get',
    path: '/rooms',
    tag: 'rooms',
    summary: 'All rooms, the oldest first',
    query: pageSchema,
    answer: { status: 200, schema: roomListSchema },
    errors: [],
  },
  createRoom: {
    method: 'post',
    path: '/rooms',
    tag: 'rooms',
    summary: 'Open a room that stays',
    description: 'It stays while it is empty, until it is closed or the server ends.',
    body: newRoomSchema,
    answer: { status: 201, schema: roomSchema },
    errors: ['invalid_room', 'room_exists', 'too_many_rooms', 'server_closing'],
  },
  getRoom: {
    method: 'get',
    path: room,
    tag: 'rooms',
    summary: 'One room',
    answer: { status: 200, schema: roomSchema },
    errors: OF_ROOM,
  },
  changeRoom: {
    method: 'patch',
    path: room,
    tag: 'rooms',
    summary: 'Change what holds in a room',
    description: 'A room that is not permanent forgets it with its last participant.',
    body: roomChangeSchema,
    answer: { status: 200, schema: roomSchema },
    errors: OF_ROOM,
  },
  closeRoom: {
    method: 'delete',
    path: room,
    tag: 'rooms',
    summary: 'Close a room',
    description: 'Everybody in it is told `room_closed` and put out. Where anybody may join, they may open it anew.',
    errors: OF_ROOM,
  },
  listParticipants: {
    method: 'get',
    path: `${room}/participants`,
    tag: 'participants',
    summary: 'Who is in a room, those who are there longest first',
    query: participantQuerySchema,
    answer: { status: 200, schema: participantListSchema },
    errors: OF_ROOM,
  },
  getParticipant: {
    method: 'get',
    path: participant,
    tag: 'participants',
    summary: 'One participant',
    answer: { status: 200, schema: participantSchema },
    errors: OF_PARTICIPANT,
  },
  muteParticipant: {
    method: 'post',
    path: `${participant}/mute`,
    tag: 'participants',
    summary: 'Mute somebody, who cannot change that',
    answer: { status: 200, schema: participantSchema },
    errors: OF_PARTICIPANT,
  },
  unmuteParticipant: {
    method: 'post',
    path: `${participant}/unmute`,
    tag: 'participants',
    summary: 'Let somebody unmute again',
    description: 'They stay muted until they unmute: nobody is made heard by others.',
    answer: { status: 200, schema: participantSchema },
    errors: OF_PARTICIPANT,
  },
  kickParticipant: {
    method: 'post',
    path: `${participant}/kick`,
    tag: 'participants',
    summary: 'Put somebody out of a room, and perhaps keep them out',
    body: kickSchema,
    answer: { status: 200, schema: kickedSchema },
    errors: OF_PARTICIPANT,
  },
  moveParticipant: {
    method: 'post',
    path: `${participant}/move`,
    tag: 'participants',
    summary: 'Take somebody into another room',
    description:
      'Their connection stays, and they hear and are heard in the other room within a moment. They keep their id. It holds while they are there: who leaves and joins again is where they ask for.',
    body: moveSchema,
    answer: { status: 200, schema: participantSchema },
    errors: [...OF_PARTICIPANT, 'invalid_room', 'room_full', 'identity_present', 'too_many_rooms'],
  },
  captureParticipant: {
    method: 'post',
    path: `${participant}/capture`,
    tag: 'participants',
    summary: 'Record in the clear what somebody says and hears',
    description:
      'To find a fault: decrypted RTP and RTCP in both directions, for Wireshark. Only where the server allows it (`allow-capture`). Everybody in the room is told while it goes on. It ends after its time, at its size, with the participant, and when the client stops reading.',
    body: captureSchema,
    file: { contentType: 'application/vnd.tcpdump.pcap', name: 'capture.pcap' },
    errors: [...OF_PARTICIPANT, 'capture_off', 'capture_running'],
  },
  listBans: {
    method: 'get',
    path: `${room}/bans`,
    tag: 'rooms',
    summary: 'Who is kept out of a room, the oldest ban first',
    description:
      'Bans go by the name of the room, and hold while it is not open, too. They are forgotten when the server ends.',
    query: pageSchema,
    answer: { status: 200, schema: banListSchema },
    errors: ['invalid_room'],
  },
  liftBan: {
    method: 'delete',
    path: `${room}/bans/{identity}`,
    tag: 'rooms',
    summary: 'Let somebody in again before their time',
    errors: ['invalid_room', 'unknown_ban'],
  },
  createToken: {
    method: 'post',
    path: '/tokens',
    tag: 'tokens',
    summary: 'Make a join token',
    description: 'It opens one room to one identity until it expires, as one of `partyline token`.',
    body: newTokenSchema,
    answer: { status: 201, schema: tokenSchema },
    errors: ['invalid_room', 'invalid_name', 'tokens_off'],
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;

/** The table without the literal types. */
export const OPERATION_LIST = Object.entries(OPERATIONS) as [OperationId, Operation][];

/** What a handler gets: `params` from the path, the rest as the schemas leave it. */
export interface Input<O extends Operation> {
  readonly params: { readonly room: string; readonly participant: string; readonly identity: string };
  readonly query: O['query'] extends z.ZodObject ? z.output<O['query']> : undefined;
  readonly body: O['body'] extends z.ZodObject ? z.output<O['body']> : undefined;
}

export type Output<O extends Operation> = O extends { readonly file: object }
  ? Readable
  : O['answer'] extends { readonly schema: infer S extends z.ZodObject }
    ? z.output<S>
    : undefined;

export type Handlers = {
  readonly [K in OperationId]: (
    input: Input<(typeof OPERATIONS)[K]>,
  ) => Output<(typeof OPERATIONS)[K]> | Promise<Output<(typeof OPERATIONS)[K]>>;
};
