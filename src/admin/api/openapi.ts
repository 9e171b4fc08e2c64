/** The OpenAPI 3.1 document of the REST API, generated from the tables and schemas that the server itself uses. */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../lib/errors.ts';
import { auditEntrySchema, auditListSchema } from '../../protocol/api/audit-operations.ts';
import {
  banListSchema,
  banSchema,
  newBanAnswerSchema,
  newBanSchema,
  roomBanListSchema,
  roomBanSchema,
} from '../../protocol/api/ban-schemas.ts';
import { channelListSchema, channelSchema, newChannelSchema } from '../../protocol/api/channel-schemas.ts';
import { clusterNodeSchema, clusterSchema } from '../../protocol/api/cluster-operations.ts';
import { forwardListSchema, forwardSchema, newForwardSchema } from '../../protocol/api/forward-schemas.ts';
import { API_PATH, OPERATION_LIST, type Operation, type OperationId } from '../../protocol/api/operations.ts';
import { pathSchema } from '../../protocol/api/path-schema.ts';
import { newPlayerSchema, playerListSchema, playerSchema, soundListSchema } from '../../protocol/api/player-schemas.ts';
import {
  linkSchema,
  newLinkSchema,
  newRecordingSchema,
  recordingListSchema,
  recordingSchema,
  recordingTrackSchema,
} from '../../protocol/api/recording-schemas.ts';
import { newRouteSchema, routeListSchema, routeSchema } from '../../protocol/api/route-schemas.ts';
import {
  newRtpInputSchema,
  newRtpOutputSchema,
  rtpInputSchema,
  rtpListSchema,
  rtpOutputSchema,
} from '../../protocol/api/rtp-schemas.ts';
import {
  captureSchema,
  controlTokenSchema,
  drainingSchema,
  drainSchema,
  kickedSchema,
  kickSchema,
  listenerListSchema,
  listenerSchema,
  moveSchema,
  newControlTokenSchema,
  newRoomSchema,
  newTokenSchema,
  participantListSchema,
  participantSchema,
  problemSchema,
  roomChangeSchema,
  roomListSchema,
  roomSchema,
  serverSchema,
  tokenSchema,
  webhookSchema,
  workerSchema,
} from '../../protocol/api/schemas.ts';
import { scopeOf } from '../../protocol/api/scopes.ts';
import { newDataSchema, sentDataSchema } from '../../protocol/data.ts';
import { spaceUpdateSchema } from '../../protocol/space.ts';

type Json = Readonly<Record<string, unknown>>;

const REQUESTS = {
  NewRoom: newRoomSchema,
  RoomChange: roomChangeSchema,
  Kick: kickSchema,
  Move: moveSchema,
  Capture: captureSchema,
  NewBan: newBanSchema,
  NewChannel: newChannelSchema,
  SpaceUpdate: spaceUpdateSchema,
  NewData: newDataSchema,
  NewRecording: newRecordingSchema,
  NewForward: newForwardSchema,
  NewRoute: newRouteSchema,
  NewRtpInput: newRtpInputSchema,
  NewRtpOutput: newRtpOutputSchema,
  NewLink: newLinkSchema,
  NewPlayer: newPlayerSchema,
  NewToken: newTokenSchema,
  NewControlToken: newControlTokenSchema,
  Drain: drainSchema,
};
const ANSWERS = {
  Room: roomSchema,
  RoomList: roomListSchema,
  Participant: participantSchema,
  ParticipantList: participantListSchema,
  Listener: listenerSchema,
  ListenerList: listenerListSchema,
  Kicked: kickedSchema,
  SentData: sentDataSchema,
  Channel: channelSchema,
  ChannelList: channelListSchema,
  Recording: recordingSchema,
  RecordingTrack: recordingTrackSchema,
  RecordingList: recordingListSchema,
  Link: linkSchema,
  Forward: forwardSchema,
  ForwardList: forwardListSchema,
  Route: routeSchema,
  RouteList: routeListSchema,
  RtpInput: rtpInputSchema,
  RtpOutput: rtpOutputSchema,
  RtpList: rtpListSchema,
  Player: playerSchema,
  PlayerList: playerListSchema,
  SoundList: soundListSchema,
  Ban: banSchema,
  BanList: banListSchema,
  AuditEntry: auditEntrySchema,
  AuditList: auditListSchema,
  Cluster: clusterSchema,
  ClusterNode: clusterNodeSchema,
  NewBanAnswer: newBanAnswerSchema,
  RoomBan: roomBanSchema,
  RoomBanList: roomBanListSchema,
  Token: tokenSchema,
  ControlToken: controlTokenSchema,
  Server: serverSchema,
  Worker: workerSchema,
  Webhook: webhookSchema,
  Draining: drainingSchema,
  Problem: problemSchema,
};
const TAGS = {
  server: 'The server as a whole',
  rooms: 'Rooms',
  participants: 'Participants in rooms',
  channels: 'Channels inside a room',
  recordings: 'Recordings of rooms',
  forwards: 'Sound of rooms that the server sends elsewhere, or into other rooms, and sound by RTP',
  players: 'Files that are played to rooms',
  tokens: 'Join tokens',
};
/** In the order in which they can occur. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  ...(['admin_token_required', 'admin_token_wrong', 'not_allowed', 'rate_limited', 'internal'] as const),
];
const PATH_ERRORS: readonly ErrorCode[] = ['invalid_request'];
const QUERY_ERRORS: readonly ErrorCode[] = ['invalid_request'];
const BODY_ERRORS: readonly ErrorCode[] = ['invalid_request', 'request_too_large', 'unsupported_media_type'];

/** The body of `GET /api/v1/openapi.json`; `version` is the server's. */
export function openApiDocument(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Partyline',
      version,
      summary: 'Rooms, participants, join tokens and the server itself.',
      description:
        'Every request carries an admin token: `Authorization: Bearer TOKEN`. Tokens have a scope: `read`, `moderate` or `everything`. Errors are problem details (RFC 9457) with a stable `code`. Fields and operations may be added within a version of the API, so clients should ignore what they do not know.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: API_PATH }],
    security: [{ adminToken: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: paths(),
    components: {
      securitySchemes: {
        adminToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'The value of --admin-token on the server, which may do everything, or one of --admin-tokens. Operations on the space and the channels of a room also accept a control token of that room.',
        },
      },
      parameters: pathParameters(),
      schemas: { ...componentSchemas(REQUESTS, 'input'), ...componentSchemas(ANSWERS, 'output') },
    },
  };
}

function paths(): Json {
  const byPath: Record<string, Record<string, unknown>> = {
    '/openapi.json': {
      get: {
        operationId: 'getOpenApi',
        tags: ['server'],
        summary: 'This document',
        security: [],
        responses: {
          200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  };
  for (const [operationId, operation] of OPERATION_LIST) {
    byPath[operation.path] ??= {};
    byPath[operation.path]![operation.method] = describe(operationId, operation);
  }
  return byPath;
}

function describe(operationId: OperationId, operation: Operation): Json {
  const { path, tag, summary, description, query, body } = operation;
  const scope = scopeOf(operation);
  const needed = scope === 'everything' ? '' : `A token with the scope \`${scope}\` is enough.`;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ $ref: `#/components/parameters/${name}` }));
  const parameters = [...names, ...(query === undefined ? [] : queryParameters(query))];
  return {
    operationId,
    tags: [tag],
    summary,
    ...((description ?? needed) !== '' && { description: [description, needed].filter(Boolean).join(' ') }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: !body.safeParse({}).success, content: json(body) } }),
    responses: { ...success(operation), ...failures(operation) },
  };
}

function success({ answer, file, download }: Operation): Json {
  if (download !== undefined) {
    const content = Object.fromEntries(download.map((type) => [type, {}]));
    const isPart = download.includes('audio/ogg');
    return {
      200: { description: 'The file', content },
      ...(isPart && { 206: { description: 'A part of it', content } }),
    };
  }
  if (file !== undefined) return { 200: { description: 'A file', content: { [file.contentType]: {} } } };
  if (answer === undefined) return { 204: { description: 'Done' } };
  return { [answer.status]: { description: answer.status === 201 ? 'Created' : 'Done', content: json(answer.schema) } };
}

/** Each status once, with its possible codes. */
function failures({ path, errors, body, query }: Operation): Json {
  const codes = new Set([
    ...COMMON_ERRORS,
    ...(path.includes('{') ? PATH_ERRORS : []),
    ...(query === undefined ? [] : QUERY_ERRORS),
    ...(body === undefined ? [] : BODY_ERRORS),
    ...errors,
  ]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { httpStatus } = ERRORS[code];
    byStatus.set(httpStatus, [...(byStatus.get(httpStatus) ?? []), code]);
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [status, { description: of.map((code) => `\`${code}\``).join(', '), content }]),
  );
}

function json(schema: z.ZodObject): Json {
  const name = Object.entries({ ...REQUESTS, ...ANSWERS }).find(([, named]) => named === schema)?.[0];
  if (name === undefined) throw new Error('a schema has no name in the document');
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as Record<string, unknown>;
    return { name, in: 'query', ...(description !== undefined && { description }), schema };
  });
}

function pathParameters(): Json {
  const { properties = {} } = z.toJSONSchema(pathSchema, { io: 'input' });
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const { description, default: _, ...schema } = property as Record<string, unknown>;
      return [name, { name, in: 'path', required: true, description, schema }];
    }),
  );
}

function componentSchemas(schemas: Readonly<Record<string, z.ZodObject>>, io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const { schemas: written } = z.toJSONSchema(registry, {
    io,
    uri: (id) => `#/components/schemas/${id}`,
    // JavaScript's largest safe integer is not a limit of the API.
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // The key in the document is the name, so the id is redundant.
  return Object.fromEntries(Object.entries(written).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}
