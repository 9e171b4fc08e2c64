import type { IceServer } from '../../src/protocol/messages.ts';
import { Backoff } from './backoff.ts';
import type { MediaState } from './connection-state.ts';
import type { Environment } from './environment.ts';
import { MediaLink } from './media-link.ts';

const BLOCKED_AFTER_MS = 10_000;
/** Where the server does not say how long to wait. */
const POSTPONED_MS = 1000;
/** A restart that has not helped by then will not: another connection is made. */
const RESTART_LIMIT_MS = 5000;

export interface MediaSessionOptions {
  readonly environment: Environment;
  readonly iceServers: readonly IceServer[];
  readonly track: MediaStreamTrack | null;
  readonly sendOffer: (sdp: string, restart: boolean) => void;
  readonly onStream: (stream: MediaStream) => void;
  readonly onState: (state: MediaState) => void;
  readonly onError: (message: string) => void;
}

/**
 * The sound of one stay in a room: makes a MediaLink, restarts its ICE when the network has changed, and makes another one
 * where that does not help. It outlives the WebSocket: between `suspend` and `resume` nothing can be negotiated, and what
 * stands is left as it is.
 */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #backoff: Backoff;
  /** Links whose offers are not answered yet, oldest first: the server answers in order. */
  #unanswered: MediaLink[] = [];
  #link: MediaLink | null = null;
  #isAnswered = false;
  /** A restart is wanted, or its offer not answered yet. */
  #isRestarting = false;
  #isSuspended = false;
  #iceServers: readonly IceServer[];
  #track: MediaStreamTrack | null;
  #state: MediaState = 'connecting';
  #cancelReplacement = () => {};
  #cancelRestartLimit = () => {};
  #cancelBlocked = () => {};
  #closed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#iceServers = options.iceServers;
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
    this.#isRestarting = false;
    if (this.#state === 'busy') this.#tryToConnect();
    link.acceptAnswer(sdp).catch((thrown: unknown) => this.#fail(link, String(thrown)));
  }

  get state(): MediaState {
    return this.#state;
  }

  /** The WebSocket is gone: offers cannot be sent, and answers will not come. */
  suspend(): void {
    this.#isSuspended = true;
    this.#unanswered = [];
    this.#cancelReplacement();
    this.#cancelRestartLimit();
  }

  /** There is a WebSocket again; the server says whether it still has the connection of before. */
  resume(mediaResumed: boolean, iceServers: readonly IceServer[]): void {
    this.#isSuspended = false;
    this.#iceServers = iceServers;
    const link = this.#link;
    if (link === null || !this.#isAnswered || !mediaResumed) {
      this.#dropLink();
      if (this.#state !== 'connecting') this.#tryToConnect();
      void this.#start();
      return;
    }
    link.setIceServers(iceServers);
    if (this.#isRestarting || !link.isConnected) {
      this.#isRestarting = false;
      void this.#restartIce(link);
    }
  }

  /** The browser says that its network has changed: the way that it took may be gone, or there may be a better one. */
  networkChanged(): void {
    if (this.#link !== null) void this.#restartIce(this.#link);
  }

  /** The server refused the oldest offer without an answer, but may take the next one. */
  offerRefused(): void {
    const link = this.#unanswered.shift();
    if (link !== undefined) this.#replace(link);
  }

  /** As `offerRefused`, because the server has too much to do: it is left alone for a moment. */
  serverBusy(): void {
    const link = this.#unanswered.shift();
    if (link === undefined || link !== this.#link) return;
    this.#replace(link, false);
    this.#cancelBlocked();
    this.#setState('busy');
  }

  /** As `offerRefused`, because there were too many offers: the same is asked for again later, and a connection that stands is left alone. */
  offerPostponed(delayMs = POSTPONED_MS): void {
    const link = this.#unanswered.shift();
    if (link === undefined || link !== this.#link) return;
    const isRestart = this.#isAnswered;
    if (!isRestart) this.#dropLink();
    this.#cancelReplacement = this.#options.environment.setTimer(delayMs, () => {
      // Until now it counted as under way, so that a WebSocket that comes back meanwhile asks for it.
      this.#isRestarting = false;
      void (isRestart ? this.#restartIce(link) : this.#start());
    });
  }

  /** The server gave up the connection. Said before the answer to an offer, it means the connection before that. */
  lostByServer(): void {
    if (this.#link !== null && this.#isAnswered) this.#replace(this.#link);
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
    this.#cancelReplacement();
    this.#cancelRestartLimit();
    this.#cancelBlocked();
    this.#dropLink();
    this.#unanswered = [];
  }

  async #start(): Promise<void> {
    const link: MediaLink = new MediaLink(this.#options.environment, this.#iceServers, {
      stream: this.#options.onStream,
      connected: () => {
        // The answer to a restart under way is still to come, or lost with the WebSocket.
        if (!this.#isSuspended && !this.#unanswered.includes(link)) this.#restarted();
        this.#cancelBlocked();
        this.#backoff.succeeded();
        this.#setState('connected');
      },
      interrupted: () => this.#connecting(),
      lost: () => {
        this.#connecting();
        void this.#restartIce(link);
      },
      failed: () => this.#replace(link),
    });
    this.#link = link;
    this.#isAnswered = false;
    try {
      await link.setTrack(this.#track);
      const sdp = await link.createOffer();
      if (link !== this.#link || this.#isSuspended) return;
      this.#unanswered.push(link);
      this.#options.sendOffer(sdp, false);
    } catch (thrown) {
      this.#fail(link, String(thrown));
    }
  }

  /** While suspended it is only noted: `resume` does it. */
  async #restartIce(link: MediaLink): Promise<void> {
    if (this.#closed || link !== this.#link || !this.#isAnswered || this.#isRestarting) return;
    this.#isRestarting = true;
    if (this.#isSuspended) return;
    this.#cancelRestartLimit();
    this.#cancelRestartLimit = this.#options.environment.setTimer(RESTART_LIMIT_MS, () => {
      this.#isRestarting = false;
      if (!link.isConnected) this.#replace(link);
    });
    try {
      const sdp = await link.createOffer({ restart: true });
      if (link !== this.#link || this.#isSuspended) return;
      this.#unanswered.push(link);
      this.#options.sendOffer(sdp, true);
    } catch (thrown) {
      this.#fail(link, String(thrown));
    }
  }

  #restarted(): void {
    this.#isRestarting = false;
    this.#cancelRestartLimit();
  }

  /** What fails after a link was closed has failed because of that, and is no news. */
  #fail(link: MediaLink, message: string): void {
    if (link !== this.#link) return;
    this.#options.onError(message);
    this.#replace(link);
  }

  #replace(lost: MediaLink, mayBeAtOnce = true): void {
    if (this.#closed || lost !== this.#link) return;
    this.#connecting();
    // The one that there is may come back before another could be negotiated.
    if (this.#isSuspended) return;
    this.#dropLink();
    const isFirst = this.#backoff.attempt === 0;
    const delayMs = this.#backoff.lost();
    // One loss is most often a worker or a network that changed: nothing is gained by waiting before the first attempt.
    this.#cancelReplacement = this.#options.environment.setTimer(
      mayBeAtOnce && isFirst ? 0 : delayMs,
      () => void this.#start(),
    );
  }

  #dropLink(): void {
    this.#restarted();
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
