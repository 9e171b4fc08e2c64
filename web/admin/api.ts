/** The part of the REST API that this page uses. */

import type {
  Answer,
  BanStatus,
  Body,
  Method,
  ParticipantStatus,
  Path,
  RoomStatus,
  ServerStatus,
  WorkerStatus,
} from '../../src/protocol/api/client-types.ts';
import type { OperationId } from '../../src/protocol/api/operations.ts';

export type Recordings = Answer<'listRecordings'>;
export type RecordingStatus = Answer<'getRecording'>;
export type ForwardStatus = Answer<'getForward'>;
export type ListenerStatus = Answer<'listListeners'>['listeners'][number];
export type AnyBans = Answer<'listAllBans'>;
export type ClusterStatus = Answer<'getCluster'>;
export type AnyBan = AnyBans['bans'][number];
export type { BanStatus, ParticipantStatus, RoomStatus, ServerStatus, WorkerStatus };

/** An API error by its code, or `unreachable` if no valid API response arrived. */
export class ApiProblem extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** RFC 6750 section 2.1: anything else cannot be sent, so it is not an admin token. */
const TOKEN = /^[\w\-.~+/]+=*$/;
const ANSWER_MS = 10_000;
/** Of long lists. */
const SHOWN = 50;

/** Every operation rejects with an `ApiProblem`. */
export class AdminApi {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  server(): Promise<ServerStatus> {
    return this.#ask<'getServer'>('GET', '/server');
  }

  rooms(): Promise<Answer<'listRooms'>> {
    return this.#ask<'listRooms'>('GET', '/rooms');
  }

  cluster(): Promise<ClusterStatus> {
    return this.#ask<'getCluster'>('GET', '/cluster');
  }

  drainNode(node: string, deadlineSeconds: number | undefined): Promise<Answer<'drainNode'>> {
    return this.#ask<'drainNode'>('POST', `/cluster/nodes/${encodeURIComponent(node)}/drain`, { deadlineSeconds });
  }

  undrainNode(node: string): Promise<void> {
    return this.#ask<'undrainNode'>('DELETE', `/cluster/nodes/${encodeURIComponent(node)}/drain`);
  }

  participants(room: string): Promise<Answer<'listParticipants'>> {
    return this.#ask<'listParticipants'>('GET', `${roomPath(room)}/participants`);
  }

  createRoom(name: string): Promise<RoomStatus> {
    return this.#ask<'createRoom'>('POST', '/rooms', { name });
  }

  /** Omitted settings keep their value. */
  changeRoom(room: string, change: Body<'changeRoom'>): Promise<RoomStatus> {
    return this.#ask<'changeRoom'>('PATCH', roomPath(room), change);
  }

  closeRoom(room: string): Promise<void> {
    return this.#ask<'closeRoom'>('DELETE', roomPath(room));
  }

  mute(person: ParticipantStatus, mute: boolean): Promise<ParticipantStatus> {
    return mute
      ? this.#ask<'muteParticipant'>('POST', `${personPath(person)}/mute`)
      : this.#ask<'unmuteParticipant'>('POST', `${personPath(person)}/unmute`);
  }

  kick(person: ParticipantStatus, banSeconds: number): Promise<Answer<'kickParticipant'>> {
    return this.#ask<'kickParticipant'>('POST', `${personPath(person)}/kick`, { banSeconds });
  }

  move(person: ParticipantStatus, room: string): Promise<ParticipantStatus> {
    return this.#ask<'moveParticipant'>('POST', `${personPath(person)}/move`, { room });
  }

  bans(room: string): Promise<Answer<'listBans'>> {
    return this.#ask<'listBans'>('GET', `${roomPath(room)}/bans`);
  }

  liftBan(room: string, identity: string): Promise<void> {
    return this.#ask<'liftBan'>('DELETE', `${roomPath(room)}/bans/${encodeURIComponent(identity)}`);
  }

  /** The oldest ones. */
  allBans(): Promise<AnyBans> {
    return this.#ask<'listAllBans'>('GET', '/bans', undefined, `?limit=${SHOWN}`);
  }

  createBan(ban: Body<'createBan'>): Promise<Answer<'createBan'>> {
    return this.#ask<'createBan'>('POST', '/bans', ban);
  }

  endBan(id: string): Promise<void> {
    return this.#ask<'endBan'>('DELETE', `/bans/${encodeURIComponent(id)}`);
  }

  /** The newest ones. */
  recordings(): Promise<Recordings> {
    return this.#ask<'listRecordings'>('GET', '/recordings', undefined, `?order=newest&limit=${SHOWN}`);
  }

  /** Without a file: of the archive. */
  recordingLink(id: string, file?: string): Promise<Answer<'createRecordingLink'>> {
    return this.#ask<'createRecordingLink'>('POST', `${recordingPath(id)}/links`, { file });
  }

  stopRecording(id: string): Promise<RecordingStatus> {
    return this.#ask<'stopRecording'>('POST', `${recordingPath(id)}/stop`);
  }

  deleteRecording(id: string): Promise<void> {
    return this.#ask<'deleteRecording'>('DELETE', recordingPath(id));
  }

  forwards(room: string): Promise<Answer<'listForwards'>> {
    return this.#ask<'listForwards'>('GET', `${roomPath(room)}/forwards`);
  }

  endForward(room: string, id: string): Promise<void> {
    return this.#ask<'endForward'>('DELETE', `${roomPath(room)}/forwards/${encodeURIComponent(id)}`);
  }

  /** The first ones. */
  listeners(room: string): Promise<Answer<'listListeners'>> {
    return this.#ask<'listListeners'>('GET', `${roomPath(room)}/listeners`, undefined, `?limit=${SHOWN}`);
  }

  endListener(room: string, id: string): Promise<void> {
    return this.#ask<'endListener'>('DELETE', `${roomPath(room)}/listeners/${encodeURIComponent(id)}`);
  }

  createToken(token: Body<'createToken'>): Promise<Answer<'createToken'>> {
    return this.#ask<'createToken'>('POST', '/tokens', token);
  }

  drain(deadlineSeconds: number | undefined): Promise<Answer<'drainServer'>> {
    return this.#ask<'drainServer'>('POST', '/server/drain', { deadlineSeconds });
  }

  undrain(): Promise<void> {
    return this.#ask<'undrainServer'>('DELETE', '/server/drain');
  }

  async #ask<Id extends OperationId>(
    method: Method<Id>,
    path: Path<Id>,
    body?: Body<Id>,
    query = '',
  ): Promise<Answer<Id>> {
    if (!TOKEN.test(this.#token)) throw new ApiProblem('admin_token_wrong', '');
    const response = await fetch(`/api/v1${path}${query}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(notReached);
    if (response.status === 204) return undefined as Answer<Id>;
    const answer: unknown = await response.json().catch(notReached);
    if (response.ok) return answer as Answer<Id>;
    const { code = 'unreachable', detail = '' } = answer as { code?: string; detail?: string };
    throw new ApiProblem(code, detail);
  }
}

function roomPath(room: string) {
  return `/rooms/${encodeURIComponent(room)}` as const;
}

function recordingPath(id: string) {
  return `/recordings/${encodeURIComponent(id)}` as const;
}

function personPath({ room, id }: ParticipantStatus) {
  return `${roomPath(room)}/participants/${encodeURIComponent(id)}` as const;
}

function notReached(): never {
  throw new ApiProblem('unreachable', '');
}
