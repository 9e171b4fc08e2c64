import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { ParticipantListener, RoomEvent } from './events.ts';

/** With neither media nor a WebSocket message for this long, the participant is considered gone. */
const SILENCE_LIMIT_MS: Millis = 8000;

export interface ClientLinkOptions {
  readonly listener: ParticipantListener;
  /** How long a broken connection may be replaced while the participant's media works. */
  readonly resumeTimeoutMs: Millis;
  readonly isMediaAlive: () => boolean;
  /** The connection broke and was not replaced in time. */
  readonly onGone: () => void;
  readonly clock: Clock;
}

/** The connection of a participant's client. It may break and be replaced; in between there is no listener. */
export class ClientLink {
  readonly #options: ClientLinkOptions;
  #listener: ParticipantListener | null;
  #address: string | null;
  /** While there is no listener: since when, and when the client was last heard from. */
  #lost: { readonly sinceMs: Millis; readonly heardMs: Millis } | null = null;
  #cancelGone: Cancel = () => {};

  constructor(options: ClientLinkOptions) {
    this.#options = options;
    this.#listener = options.listener;
    this.#address = options.listener.address ?? null;
  }

  /** Of the current or last connection; null if addresses are hidden. */
  get address(): string | null {
    return this.#address;
  }

  /** Null while there is none. */
  get listener(): ParticipantListener | null {
    return this.#listener;
  }

  deliver(...events: readonly RoomEvent[]): void {
    this.#listener?.event(...events);
  }

  /** The connection, last heard from at `heardMs`, is broken. */
  lose(heardMs: Millis): void {
    this.#listener = null;
    this.#lost = { sinceMs: this.#options.clock.now(), heardMs };
    this.mediaChanged();
  }

  /** Lets go of the connection, which is notified, before another takes its place. */
  release(): void {
    const before = this.#listener;
    this.close();
    before?.ended('replaced');
  }

  attach(listener: ParticipantListener): void {
    this.#listener = listener;
    this.#address = listener.address ?? null;
  }

  /** The media works now, or no longer. */
  mediaChanged(): void {
    this.#cancelGone();
    if (this.#lost === null) return;
    const { resumeTimeoutMs, isMediaAlive, onGone, clock } = this.#options;
    const { sinceMs, heardMs } = this.#lost;
    const resumeUntilMs = sinceMs + resumeTimeoutMs;
    const atMs = isMediaAlive() ? resumeUntilMs : Math.min(resumeUntilMs, heardMs + SILENCE_LIMIT_MS);
    if (atMs <= clock.now()) onGone();
    else this.#cancelGone = clock.setTimer(atMs, onGone);
  }

  /** The participant has ended. */
  close(): void {
    this.#listener = null;
    this.#lost = null;
    this.#cancelGone();
  }
}
