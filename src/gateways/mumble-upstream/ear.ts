/**
 * The client that listens for a room on another Mumble server, sees who is there, and speaks for those who have no client
 * of their own. It comes back for ever.
 */
import type { Millis } from '../../lib/clock.ts';
import { REJECT } from '../mumble/wire/messages.ts';
import type { MumbleVoice } from '../mumble/wire/voice-packet.ts';
import type { ClientEnd, ServerClient, ServerClientEvents } from './server-client.ts';
import type { Upstream } from './upstream.ts';

/** Why a room is without the other server. */
export type AwayReason =
  /** It does not answer. */
  | 'unreachable'
  /** It takes nobody else at the moment. */
  | 'full'
  /** It does not let this server connect for some minutes, because of too many connections. */
  | 'banned'
  /** Only the operators of both can help: a password, a certificate, or a channel is wrong. */
  | 'refused';

export interface EarEvents extends Pick<ServerClientEvents, 'voice' | 'text'> {
  /** It has come or gone, or who is on the server has changed. */
  changed(): void;
}

const BACKOFF_S = [1, 2, 5, 10, 30];
const MS_PER_S = 1000;
/** What only an operator can mend, or a moderator there has decided. */
const REFUSED_MS: Millis = 300_000;
const FULL_MS: Millis = 30_000;
/** Of each wait, so that clients do not come all at the same time. */
const JITTER = 0.3;
/** A connection that stood so long has worked. */
const STABLE_MS: Millis = 60_000;
/** How often it tries to come into the channel. */
const ENTER_EVERY_MS: Millis = 10_000;

export class Ear {
  readonly #upstream: Upstream;
  readonly #path: readonly string[];
  readonly #events: EarEvents;
  #client: ServerClient | undefined;
  #attempts = 0;
  #nextMs: Millis = Number.NEGATIVE_INFINITY;
  #sinceMs: Millis = 0;
  #enteredMs: Millis = Number.NEGATIVE_INFINITY;
  #reason: AwayReason | null = null;
  #failures = 0;
  #wasIn = false;

  /** @param path the names of the channel from the root down */
  constructor(path: readonly string[], upstream: Upstream, events: EarEvents) {
    this.#path = path;
    this.#upstream = upstream;
    this.#events = events;
  }

  /** The client while it is in its channel; otherwise undefined. */
  get client(): ServerClient | undefined {
    return this.#isIn ? this.#client : undefined;
  }

  /** Null while it is in its channel, and in its first moments. */
  get away(): AwayReason | null {
    return this.#isIn ? null : this.#reason;
  }

  /** How often it has lost its connection, or could not connect. */
  get failures(): number {
    return this.#failures;
  }

  /** The number of the channel; undefined if it is unknown, or there is none. */
  get channelId(): number | undefined {
    return this.#client?.isReady ? this.#client.roster.find(this.#path) : undefined;
  }

  say(voice: Readonly<MumbleVoice>): void {
    this.client?.say(voice);
  }

  /** Call about once a second. */
  look(): void {
    const { clock } = this.#upstream.options;
    if (this.#client === undefined) {
      if (clock.now() >= this.#nextMs) this.#connect();
      return;
    }
    this.#client.look();
    if (this.#client?.isReady && !this.#isIn) this.#enter(clock.now());
  }

  /** Idempotent. */
  close(): void {
    this.#nextMs = Number.POSITIVE_INFINITY;
    if (this.#client === undefined) return;
    this.#client.close();
    this.#upstream.forget(this.#client);
    this.#client = undefined;
  }

  get #isIn(): boolean {
    const channelId = this.channelId;
    return channelId !== undefined && this.#client?.own?.channelId === channelId;
  }

  #connect(): void {
    const { budget, names, options } = this.#upstream;
    if (!budget.take()) {
      // So long as there is no other reason, it is that.
      if (budget.isBanned) this.#reason = 'banned';
      return;
    }
    this.#sinceMs = options.clock.now();
    this.#enteredMs = Number.NEGATIVE_INFINITY;
    this.#client = this.#upstream.connect({
      name: names.take(options.settings.name, () => false),
      identity: `room ${this.#path.join('/')}`,
      isBot: true,
      events: {
        changed: () => this.#changed(),
        voice: (voice) => this.#events.voice(voice),
        text: (text) => this.#events.text(text),
        ended: (end) => this.#ended(end),
      },
    });
  }

  #changed(): void {
    const { clock } = this.#upstream.options;
    if (!this.#isIn) this.#enter(clock.now());
    else if (!this.#wasIn) {
      this.#wasIn = true;
      this.#reason = null;
      this.#log('room is coupled with a Mumble channel');
    }
    this.#events.changed();
  }

  #enter(nowMs: Millis): void {
    const { channelId } = this;
    if (nowMs - this.#enteredMs < ENTER_EVERY_MS) return;
    // Once it was not let in, or there is no such channel, only an operator can help.
    if (channelId === undefined || this.#enteredMs !== Number.NEGATIVE_INFINITY)
      this.#setReason('refused', 'its channel');
    this.#enteredMs = nowMs;
    if (channelId !== undefined) this.#client?.enter(channelId);
  }

  #ended(end: ClientEnd): void {
    const { clock, random } = this.#upstream.options;
    const nowMs = clock.now();
    if (this.#client !== undefined) this.#upstream.forget(this.#client);
    this.#client = undefined;
    this.#failures++;
    if (this.#wasIn && nowMs - this.#sinceMs > STABLE_MS) this.#attempts = 0;
    this.#wasIn = false;
    const { budget } = this.#upstream;
    if (end.why === 'banned') budget.refused();
    const reason = end.why === 'banned' && !budget.isBanned ? 'unreachable' : reasonOf(end);
    const waitMs = Math.max(waitFor(reason), (BACKOFF_S[this.#attempts] ?? BACKOFF_S.at(-1)!) * MS_PER_S);
    this.#attempts = Math.min(this.#attempts + 1, BACKOFF_S.length - 1);
    this.#nextMs = nowMs + waitMs * (1 + JITTER * random());
    this.#setReason(reason, `${end.why}${end.detail === '' ? '' : `: ${end.detail}`}`);
    this.#events.changed();
  }

  #setReason(reason: AwayReason, detail: string): void {
    // Each outage is one line of the log.
    if (reason !== this.#reason) this.#log('Mumble server is away', { reason, detail });
    this.#reason = reason;
  }

  #log(message: string, more: object = {}): void {
    const { log, settings } = this.#upstream.options;
    const { host, port } = settings.server;
    const line = { mumbleServer: `${host}:${port}`, channel: this.#path.join('/'), ...more };
    if ('reason' in more) log.warn(line, message);
    else log.info(line, message);
  }
}

function waitFor(reason: AwayReason): Millis {
  if (reason === 'refused') return REFUSED_MS;
  return reason === 'full' ? FULL_MS : 0;
}

function reasonOf(end: ClientEnd): AwayReason {
  switch (end.why) {
    case 'unreachable':
    case 'lost':
    case 'closed':
      return 'unreachable';
    case 'banned':
      return 'banned';
    case 'rejected':
      if (end.type === REJECT.serverFull || end.type === REJECT.noNewConnections) return 'full';
      // Our own name, which the server has not forgotten yet.
      return end.type === REJECT.nameInUse ? 'unreachable' : 'refused';
    case 'removed':
      return end.byUser ? 'refused' : 'unreachable';
    default:
      return 'refused';
  }
}
