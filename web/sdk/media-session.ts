import type { IceServer } from '../../src/signaling/protocol.ts';
import { Backoff } from './backoff.ts';
import type { MediaState } from './connection-state.ts';
import type { Environment } from './environment.ts';
import { MediaLink } from './media-link.ts';

const BLOCKED_AFTER_MS = 10_000;

export interface MediaSessionOptions {
  readonly environment: Environment;
  readonly iceServers: readonly IceServer[];
  readonly track: MediaStreamTrack | null;
  readonly sendOffer: (sdp: string) => void;
  readonly onStream: (stream: MediaStream) => void;
  readonly onState: (state: MediaState) => void;
  readonly onError: (message: string) => void;
}

/** The sound of one stay in a room: makes a MediaLink, and another one as often as that is lost. */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #backoff: Backoff;
  /** Links whose offers are not answered yet, oldest first: the server answers in order. */
  #unanswered: MediaLink[] = [];
  #link: MediaLink | null = null;
  #isAnswered = false;
  #track: MediaStreamTrack | null;
  #state: MediaState = 'connecting';
  #cancelRestart = () => {};
  #cancelBlocked = () => {};
  #closed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#track = options.track;
    this.#backoff = new Backoff(options.environment);
    this.#watchForBlocked();
    void this.#start();
  }

  /** The server's answer to the oldest offer without one. */
  answer(sdp: string): void {
    const link = this.#unanswered.shift();
    if (link === undefined || link !== this.#link) return;
    this.#isAnswered = true;
    if (this.#state === 'busy') this.#tryToConnect();
    link.acceptAnswer(sdp).catch((thrown: unknown) => this.#fail(link, String(thrown)));
  }

  /** The server refused the oldest offer without an answer, but may take the next one. */
  offerRefused(): void {
    const link = this.#unanswered.shift();
    if (link !== undefined) this.#restart(link);
  }

  /** As `offerRefused`, because the server has too much to do: it is left alone for a moment. */
  serverBusy(): void {
    const link = this.#unanswered.shift();
    if (link === undefined || link !== this.#link) return;
    this.#restart(link, false);
    this.#cancelBlocked();
    this.#setState('busy');
  }

  /** The server gave up the connection. Said before the answer to an offer, it means the connection before that. */
  lostByServer(): void {
    if (this.#link !== null && this.#isAnswered) this.#restart(this.#link);
  }

  setTrack(track: MediaStreamTrack | null): void {
    this.#track = track;
    const link = this.#link;
    link?.setTrack(track).catch((thrown: unknown) => this.#fail(link, String(thrown)));
  }

  async stats(): Promise<RTCStatsReport | null> {
    return (await this.#link?.stats()) ?? null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelRestart();
    this.#cancelBlocked();
    this.#dropLink();
    this.#unanswered = [];
  }

  async #start(): Promise<void> {
    const link: MediaLink = new MediaLink(this.#options.environment, this.#options.iceServers, {
      stream: this.#options.onStream,
      connected: () => {
        this.#cancelBlocked();
        this.#backoff.succeeded();
        this.#setState('connected');
      },
      interrupted: () => this.#connecting(),
      failed: () => this.#restart(link),
    });
    this.#link = link;
    this.#isAnswered = false;
    try {
      await link.setTrack(this.#track);
      const sdp = await link.createOffer();
      if (link !== this.#link) return;
      this.#unanswered.push(link);
      this.#options.sendOffer(sdp);
    } catch (thrown) {
      this.#fail(link, String(thrown));
    }
  }

  /** What fails after a link was closed has failed because of that, and is no news. */
  #fail(link: MediaLink, message: string): void {
    if (link !== this.#link) return;
    this.#options.onError(message);
    this.#restart(link);
  }

  #restart(lost: MediaLink, mayBeAtOnce = true): void {
    if (this.#closed || lost !== this.#link) return;
    this.#dropLink();
    this.#connecting();
    const isFirst = this.#backoff.attempt === 0;
    const delayMs = this.#backoff.lost();
    // One loss is most often a worker or a network that changed: nothing is gained by waiting before the first attempt.
    this.#cancelRestart = this.#options.environment.setTimer(
      mayBeAtOnce && isFirst ? 0 : delayMs,
      () => void this.#start(),
    );
  }

  #dropLink(): void {
    this.#link?.close();
    this.#link = null;
  }

  #connecting(): void {
    if (this.#state === 'connected') this.#tryToConnect();
  }

  #tryToConnect(): void {
    this.#watchForBlocked();
    this.#setState('connecting');
  }

  #watchForBlocked(): void {
    this.#cancelBlocked = this.#options.environment.setTimer(BLOCKED_AFTER_MS, () => this.#setState('blocked'));
  }

  #setState(state: MediaState): void {
    if (this.#state === state || this.#closed) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
