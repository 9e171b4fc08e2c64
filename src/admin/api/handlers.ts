/** The implementation of each operation of the REST API. */
import type { z } from 'zod';
import { type Clock, isoTime } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { MediaNetwork, Reception } from '../../media/plane.ts';
import type { channelSchema } from '../../protocol/api/channel-schemas.ts';
import type { Handlers } from '../../protocol/api/operations.ts';
import type {
  drainingSchema,
  listenerSchema,
  networkSchema,
  participantSchema,
  receptionSchema,
  roomSchema,
  serverSchema,
} from '../../protocol/api/schemas.ts';
import type { Channel } from '../../rooms/channels.ts';
import type { DrainingState } from '../../rooms/draining.ts';
import type { RoomListener } from '../../rooms/listeners.ts';
import { roomKey } from '../../rooms/names.ts';
import type { Participant } from '../../rooms/participant.ts';
import { formatPasswordHash, hashPassword, looksHashed } from '../../rooms/password-hash.ts';
import type { Room } from '../../rooms/room.ts';
import { channelSettings } from '../channel-settings.ts';
import type { AuditTrail } from './audit.ts';
import { type BanHandlerOptions, banHandlers } from './ban-handlers.ts';
import { captureStream } from './capture-stream.ts';
import { type ForwardHandlerOptions, forwardHandlers } from './forward-handlers.ts';
import { pageOf } from './page.ts';
import { type PlayerHandlerOptions, playerHandlers } from './player-handlers.ts';
import { type RecordingHandlerOptions, recordingHandlers } from './recording-handlers.ts';
import { type RouteHandlerOptions, routeHandlers } from './route-handlers.ts';
import { type RtpHandlerOptions, rtpHandlers } from './rtp-handlers.ts';

export interface HandlerOptions
  extends RecordingHandlerOptions,
    BanHandlerOptions,
    ForwardHandlerOptions,
    RouteHandlerOptions,
    RtpHandlerOptions,
    PlayerHandlerOptions {
  readonly server: () => z.output<typeof serverSchema>;
  /** Whether participants may be recorded. */
  readonly allowCapture: boolean;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

/** A server by itself. */
const NO_CLUSTER: Pick<Handlers, 'getCluster' | 'drainNode' | 'undrainNode'> = {
  getCluster: () => ({ engineReached: false, nodes: [] }),
  drainNode: () => Promise.reject(new AppError('not_found')),
  undrainNode: () => Promise.reject(new AppError('not_found')),
};

export function createHandlers(options: HandlerOptions): Handlers {
  const { registry, access, server, allowCapture, clock } = options;
  const roomView = (room: Room): z.output<typeof roomSchema> => {
    const { startedAtMs, ...info } = room.info;
    return {
      ...info,
      links: [...info.links],
      teams: [...info.teams],
      startedAt: isoTime(startedAtMs),
      hasPassword: access.hasPassword(room.key),
      recordingId: room.recording.id,
    };
  };
  const mute = (params: { readonly room: string; readonly participant: string }, muted: boolean) => {
    const room = registry.room(params.room);
    room.moderate({ type: 'mute_participant', participantId: params.participant, muted });
    return participantView(room, room.participant(params.participant));
  };

  return {
    getServer: server,
    drainServer: ({ body: { deadlineSeconds } }) =>
      drainingView(registry.drain(deadlineSeconds === undefined ? null : deadlineSeconds * 1000)),
    undrainServer: () => void registry.undrain(),
    ...NO_CLUSTER,

    listRooms: ({ query }) => {
      const rooms = [...registry.rooms];
      return { rooms: pageOf(rooms, query).map(roomView), total: rooms.length };
    },
    createRoom: async ({ body }) => roomView(registry.create(given({ ...body, ...(await hashed(body)) }))),
    getRoom: ({ params }) => roomView(registry.room(params.room)),
    changeRoom: async ({ params, body }) => {
      const change = given({ ...body, ...(await hashed(body)) });
      return roomView(registry.change(params.room, change));
    },
    closeRoom: ({ params }) => void registry.room(params.room).close('room_closed'),

    listParticipants: ({ params, query }) => {
      const room = registry.room(params.room);
      const { identity } = query;
      const all = [...room.all];
      const matching = identity === undefined ? all : all.filter(({ admission }) => admission.identity === identity);
      const participants = pageOf(matching, query).map((participant) => participantView(room, participant));
      return { participants, total: matching.length };
    },
    getParticipant: ({ params }) => {
      const room = registry.room(params.room);
      return participantView(room, room.participant(params.participant));
    },
    muteParticipant: ({ params }) => mute(params, true),
    unmuteParticipant: ({ params }) => mute(params, false),
    kickParticipant: ({ params, body: { banSeconds } }) => {
      const room = registry.room(params.room);
      const { identity } = room.participant(params.participant).admission;
      room.moderate({ type: 'kick', participantId: params.participant, banSeconds });
      return { banned: identity !== null && banSeconds > 0 };
    },
    moveParticipant: ({ params, body }) => {
      const room = registry.move(params.room, params.participant, body.room);
      return participantView(room, room.participant(params.participant));
    },

    captureParticipant: ({ params, body: { seconds, maxBytes } }) => {
      const participant = registry.room(params.room).participant(params.participant);
      if (!allowCapture) throw new AppError('capture_off');
      return captureStream(participant, { durationMs: seconds * 1000, maxBytes });
    },

    listListeners: ({ params, query }) => {
      const listeners = [...registry.room(params.room).listeners.all];
      return { listeners: pageOf(listeners, query).map(listenerView), total: listeners.length };
    },
    endListener: ({ params }) => void registry.room(params.room).listeners.listener(params.listener).end('ended'),

    updateSpace: ({ params, body }) => void registry.room(params.room).space.update(body),

    sendData: ({ params, body }) => ({ receivers: registry.room(params.room).data.sendFromServer(body) }),

    listChannels: ({ params }) => {
      const { channels } = registry.room(params.room).sound;
      return { channels: channels.map(channelView), total: channels.length };
    },
    getChannel: ({ params }) => channelView(registry.room(params.room).sound.channel(params.channel)),
    putChannel: ({ params, body: { name, ...settings } }) =>
      channelView(registry.room(params.room).sound.putChannel(name, channelSettings(settings))),
    deleteChannel: ({ params }) => void registry.room(params.room).sound.deleteChannel(params.channel),

    ...recordingHandlers(options),
    ...forwardHandlers(options),
    ...routeHandlers(options),
    ...rtpHandlers(options),
    ...playerHandlers(options),

    ...banHandlers(options),
    listAudit: ({ query }) => {
      const { entries } = options.audit;
      return { entries: [...pageOf(entries, query)], total: entries.length };
    },

    createToken: async ({ body: { expiresInSeconds, ...grant } }) => {
      const lifetimeMs = expiresInSeconds * 1000;
      const expiresAt = isoTime(clock.wallNow() + lifetimeMs);
      const token = await access.createToken(grant, lifetimeMs);
      return { token, expiresAt, path: `/room/${encodeURIComponent(roomKey(grant.room))}#token=${token}` };
    },

    createControlToken: async ({ body: { room, expiresInSeconds } }) => {
      const lifetimeMs = expiresInSeconds * 1000;
      const expiresAt = isoTime(clock.wallNow() + lifetimeMs);
      return { token: await access.createControlToken(room, lifetimeMs), expiresAt };
    },
  };
}

/** No password is kept in plain text. */
async function hashed<P extends string | null>({ password }: { readonly password?: P | undefined }) {
  if (password === undefined || password === null || looksHashed(password)) return {};
  return { password: formatPasswordHash(await hashPassword(password)) };
}

/** Shared by `/server` and `/server/drain`. */
export function drainingView({ sinceMs, deadlineMs }: DrainingState): z.output<typeof drainingSchema> {
  return { since: isoTime(sinceMs), deadline: deadlineMs === null ? null : isoTime(deadlineMs) };
}

/** Rounds to a readable number of digits. */
export function rounded(value = 0, digits: number): number {
  return Math.max(0, Number(value.toFixed(digits)));
}

function participantView(room: Room, participant: Participant): z.output<typeof participantSchema> {
  // The network below says more than the grade.
  const { joinedAtMs, connection: _, ...view } = participant.fact;
  return {
    ...view,
    via: view.via ?? null,
    handRaised: view.handRaised === true,
    away: view.away === true,
    role: view.role ?? 'person',
    owner: view.owner ?? null,
    mayChat: participant.mayChat,
    room: room.name,
    joinedAt: isoTime(joinedAtMs),
    address: participant.address,
    levelDbov: room.levelDbovOf(participant.id),
    network: networkView(participant.network),
  };
}

function listenerView({
  id,
  via,
  sinceMs,
  address,
  connected,
  network,
}: RoomListener): z.output<typeof listenerSchema> {
  return { id, via, since: isoTime(sinceMs), address, connected, network: networkView(network) };
}

function channelView({ name, open, speak, hear, sound, strengths }: Channel): z.output<typeof channelSchema> {
  const { gain, effect, strength, pan, duckDb } = sound;
  const lists = { speak: [...speak], hear: [...hear], strengths: Object.fromEntries(strengths) };
  return { name, open, ...lists, gain, effect, strength, pan, duckDb };
}

function networkView({ incoming, outgoing, roundTripMs }: MediaNetwork): z.output<typeof networkSchema> {
  return {
    incoming: incoming && receptionView(incoming),
    outgoing: outgoing && receptionView(outgoing),
    roundTripMs: roundTripMs === null ? null : rounded(roundTripMs, 1),
  };
}

function receptionView({ lossRatio, jitterMs }: Reception): z.output<typeof receptionSchema> {
  return { lossRatio: rounded(lossRatio, 3), jitterMs: rounded(jitterMs, 1) };
}

type Given<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

/** Drops undefined fields, which would otherwise overwrite current values when spread. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}
