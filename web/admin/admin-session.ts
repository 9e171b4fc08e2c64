import { batch, signal } from '@preact/signals';
import {
  AdminApi,
  type AnyBans,
  ApiProblem,
  type BanStatus,
  type ClusterStatus,
  type ForwardStatus,
  type ListenerStatus,
  type ParticipantStatus,
  type Recordings,
  type RoomStatus,
  type ServerStatus,
} from './api.ts';
import { problemText } from './strings.ts';

const POLL_MS = 1000;
/** In the tab's session storage, so it is gone when the tab is closed. */
const STORED_TOKEN = 'partyline-admin-token';
/** Errors that only another token or another setting can resolve. */
const FATAL = new Set(['admin_token_wrong', 'admin_token_required', 'api_off', 'rate_limited']);

export interface People {
  readonly participants: readonly ParticipantStatus[];
  readonly total: number;
  /** The room's bans. */
  readonly bans: readonly BanStatus[];
  readonly forwards: readonly ForwardStatus[];
  /** The first of those who only listen, without forwards. */
  readonly listeners: readonly ListenerStatus[];
}

/** The server's last response. */
export interface Overview {
  readonly server: ServerStatus;
  readonly rooms: readonly RoomStatus[];
  readonly totalRooms: number;
  readonly cluster: ClusterStatus;
  /** Servers of the cluster that did not say which rooms they have. */
  readonly silent: readonly string[];
  /** The people in expanded rooms, by room name. */
  readonly people: ReadonlyMap<string, People>;
  readonly recordings: Recordings;
  readonly bans: AnyBans;
}

export type Said = { readonly kind: 'notice' | 'error'; readonly text: string };

/** The operator's session. Polls the server once a second while the page is visible, and performs actions. */
export class AdminSession {
  readonly api = signal<AdminApi | null>(null);
  readonly overview = signal<Overview | null>(null);
  readonly isReachable = signal(true);
  readonly said = signal<Said | null>(null);
  readonly unfolded = signal<ReadonlySet<string>>(new Set());
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Answers from earlier rounds are ignored. */
  #round = 0;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#askNow());
    const token = sessionStorage.getItem(STORED_TOKEN);
    if (token !== null) this.signIn(token);
  }

  signIn(token: string): void {
    sessionStorage.setItem(STORED_TOKEN, token);
    batch(() => {
      this.api.value = new AdminApi(token);
      this.overview.value = null;
      this.isReachable.value = true;
      this.said.value = null;
    });
    this.#askNow();
  }

  signOut(said: Said | null = null): void {
    sessionStorage.removeItem(STORED_TOKEN);
    batch(() => {
      this.api.value = null;
      this.overview.value = null;
      this.said.value = said;
    });
    this.#askNow();
  }

  toggle(room: string): void {
    const unfolded = new Set(this.unfolded.value);
    if (!unfolded.delete(room)) unfolded.add(room);
    this.unfolded.value = unfolded;
    this.#askNow();
  }

  /** Performs an API operation and shows the result; resolves with `undefined` if it failed. */
  async run<T>(action: (api: AdminApi) => Promise<T>, done: string | null = null): Promise<T | undefined> {
    const api = this.api.value;
    if (api === null) return undefined;
    try {
      const result = await action(api);
      this.said.value = done === null ? null : { kind: 'notice', text: done };
      return result;
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.#askNow();
    }
  }

  #askNow(): void {
    clearTimeout(this.#timer);
    this.#round += 1;
    if (document.visibilityState === 'hidden' || this.api.value === null) return;
    void this.#ask(this.api.value, this.#round);
  }

  async #ask(api: AdminApi, round: number): Promise<void> {
    try {
      const overview = await this.#overviewBy(api);
      if (round !== this.#round) return;
      batch(() => {
        this.overview.value = overview;
        this.isReachable.value = true;
      });
    } catch (error) {
      if (round !== this.#round) return;
      this.#failed(error);
    }
    if (round === this.#round) this.#timer = setTimeout(() => this.#askNow(), POLL_MS);
  }

  async #overviewBy(api: AdminApi): Promise<Overview> {
    const [server, { rooms, total, incomplete: silent = [] }, cluster, recordings, allBans] = await Promise.all([
      ...([api.server(), api.rooms(), api.cluster(), api.recordings(), api.allBans()] as const),
    ]);
    const wanted = rooms.filter(({ name }) => this.unfolded.value.has(name));
    const people = await Promise.all(
      wanted.map(async ({ name }) => {
        const ofOpenRoom = Promise.all([api.participants(name), api.forwards(name), api.listeners(name)]);
        const [[present, { forwards }, { listeners }], { bans }] = await Promise.all([
          ofOpenRoom.catch(whileClosing),
          api.bans(name),
        ]);
        const others = listeners.filter(({ via }) => via !== 'forward');
        return [name, { ...present, bans, forwards, listeners: others }] as const;
      }),
    );
    return { server, rooms, totalRooms: total, cluster, silent, people: new Map(people), recordings, bans: allBans };
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiProblem)) throw error;
    if (error.code === 'unreachable') {
      this.isReachable.value = false;
      return;
    }
    const said: Said = { kind: 'error', text: problemText(error.code, error.message) };
    if (FATAL.has(error.code)) this.signOut(said);
    else this.said.value = said;
  }
}

/** A room may close between the listing and the request for its details. */
function whileClosing(error: unknown) {
  const none = { participants: [], forwards: [], listeners: [], total: 0 };
  if (error instanceof ApiProblem && error.code === 'unknown_room') return [none, none, none] as const;
  throw error;
}
