/** The REST API as this page uses it; the OpenAPI document describes every field. */

export interface WorkerStatus {
  readonly worker: number;
  readonly running: boolean;
  readonly failing: boolean;
  readonly restarts: number;
  readonly tickAgeMs: number | null;
  /** 0 to 1 */
  readonly load: number;
  readonly overloadLevel: number;
  readonly rooms: number;
  readonly connections: number;
  readonly talkers: number;
  readonly jitterBufferDelayMs: number;
  readonly eventLoopDelayP99Ms: number;
}

export interface ServerStatus {
  readonly version: string;
  readonly status: 'ok' | 'unhealthy' | 'draining' | 'closing';
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly uptimeSeconds: number;
  readonly rooms: number;
  readonly participants: number;
  readonly connections: number;
  readonly draining: { readonly since: string; readonly deadline: string | null } | null;
  readonly workers: readonly WorkerStatus[];
}

export interface RoomStatus {
  readonly name: string;
  readonly permanent: boolean;
  readonly locked: boolean;
  readonly hasPassword: boolean;
  readonly maxParticipants: number;
  readonly participants: number;
  readonly speaking: number;
}

export interface ParticipantStatus {
  readonly id: string;
  readonly room: string;
  readonly identity: string | null;
  readonly name: string;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  readonly muted: boolean;
  readonly mutedByModerator: boolean;
  readonly deafened: boolean;
  readonly connected: boolean;
  readonly captured: boolean;
  readonly levelDbov: number | null;
}

export interface NewToken {
  readonly room: string;
  readonly identity: string;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  readonly expiresInSeconds: number;
}

/** An error of the API by its code, or `unreachable` where nothing that is the API answered. */
export class ApiProblem extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** RFC 6750 section 2.1: anything else cannot be sent, and is no admin token. */
const TOKEN = /^[\w\-.~+/]+=*$/;
const ANSWER_MS = 10_000;

/** Every operation rejects with an `ApiProblem`. */
export class AdminApi {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  server(): Promise<ServerStatus> {
    return this.#ask('GET', '/server');
  }

  rooms(): Promise<{ readonly rooms: readonly RoomStatus[]; readonly total: number }> {
    return this.#ask('GET', '/rooms');
  }

  participants(room: string): Promise<{ readonly participants: readonly ParticipantStatus[]; readonly total: number }> {
    return this.#ask('GET', `${roomPath(room)}/participants`);
  }

  createRoom(name: string): Promise<RoomStatus> {
    return this.#ask('POST', '/rooms', { name });
  }

  lockRoom(room: string, locked: boolean): Promise<RoomStatus> {
    return this.#ask('PATCH', roomPath(room), { locked });
  }

  closeRoom(room: string): Promise<void> {
    return this.#ask('DELETE', roomPath(room));
  }

  mute(person: ParticipantStatus, mute: boolean): Promise<ParticipantStatus> {
    return this.#ask('POST', `${personPath(person)}/${mute ? 'mute' : 'unmute'}`);
  }

  kick(person: ParticipantStatus, banSeconds: number): Promise<{ readonly banned: boolean }> {
    return this.#ask('POST', `${personPath(person)}/kick`, { banSeconds });
  }

  move(person: ParticipantStatus, room: string): Promise<ParticipantStatus> {
    return this.#ask('POST', `${personPath(person)}/move`, { room });
  }

  createToken(token: NewToken): Promise<{ readonly path: string; readonly expiresAt: string }> {
    return this.#ask('POST', '/tokens', token);
  }

  drain(deadlineSeconds: number | undefined): Promise<unknown> {
    return this.#ask('POST', '/server/drain', { deadlineSeconds });
  }

  undrain(): Promise<void> {
    return this.#ask('DELETE', '/server/drain');
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    if (!TOKEN.test(this.#token)) throw new ApiProblem('admin_token_wrong', '');
    const response = await fetch(`/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(notReached);
    if (response.status === 204) return undefined as T;
    const answer: unknown = await response.json().catch(notReached);
    if (response.ok) return answer as T;
    const { code = 'unreachable', detail = '' } = answer as { code?: string; detail?: string };
    throw new ApiProblem(code, detail);
  }
}

function roomPath(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`;
}

function personPath({ room, id }: ParticipantStatus): string {
  return `${roomPath(room)}/participants/${encodeURIComponent(id)}`;
}

function notReached(): never {
  throw new ApiProblem('unreachable', '');
}
