import type { IceServer, ServerMessage } from '../../src/protocol/messages.ts';
import { Backoff } from './backoff.ts';
import type { ErrorCode, MediaState } from './connection-state.ts';
import type { Environment } from './environment.ts';
import { MediaLink } from './media-link.ts';

const BLOCKED_AFTER_MS = 10_000;
/** Used if the server does not say how long to wait. */
const POSTPONED_MS = 1000;
/** A restart that has not helped by then will not help: makes another connection. */
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
 * The audio of one stay in a room: creates a MediaLink, restarts its ICE when the network has changed, and creates
 * another one if that does not help. It outlives the WebSocket: between `suspend` and `resume` nothing can be
 * negotiated, and the existing link is left alone.
 */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #backoff: Backoff;
  /** Links whose offers are not yet answered, oldest first: the server answers in order. */
  #unanswered: MediaLink[] = [];
  #link: MediaLink | null = null;
  #isAnswered = false;
  /** A restart is needed, or its offer is not yet answered. */
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

  /** Every message of the server. */
  receive(message: ServerMessage): void {
    switch (message.type) {
      case 'answer':
        this.#answer(message.sdp);
        break;
      case 'media_moved':
        this.networkChanged();
        break;
      case 'media_closed':
        // Before the answer to an offer, this refers to the previous connection.
        if (this.#link && this.#isAnswered) this.#replace(this.#link);
        break;
    }
  }

  /** The server's answer to the oldest unanswered offer. */
  #answer(sdp: string): void {
    const link = this.#unanswered.shift();
    if (!link || link !== this.#link) return;
    this.#isAnswered = true;
    this.#isRestarting = false;
    if (this.#state === 'busy') this.#tryToConnect();
    link.acceptAnswer(sdp).catch((thrown: unknown) => this.#fail(link, String(thrown)));
  }

  get state(): MediaState {
    return this.#state;
  }

  /** The WebSocket is gone: offers cannot be sent, and answers will not arrive. */
  suspend(): void {
    this.#isSuspended = true;
    this.#cancelReplacement();
    this.#cancelRestartLimit();
  }

  /** There is a WebSocket again; the server says whether it still has the previous media connection. */
  resume(mediaResumed: boolean, iceServers: readonly IceServer[]): void {
    this.#isSuspended = false;
    this.#unanswered = [];
    this.#iceServers = iceServers;
    const link = this.#link;
    if (!link || !this.#isAnswered || !mediaResumed) {
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

  /** The browser reports a change of network: the path may be gone, or there may be a better one. */
  networkChanged(): void {
    if (this.#link) void this.#restartIce(this.#link);
  }

  /** The server refused something with this code. Returns whether that is dealt with, so that nobody need be told. */
  refused(code: ErrorCode, retryAfterMs: number | undefined): boolean {
    if (code === 'server_busy') this.#serverBusy();
    else if (code === 'too_many_offers') this.#offerPostponed(retryAfterMs);
    else if (code === 'cannot_restart' || code === 'media_unavailable') this.#offerRefused();
    else return false;
    return code !== 'media_unavailable';
  }

  /** The server refused the oldest unanswered offer, but may accept the next one. */
  #offerRefused(): void {
    const link = this.#unanswered.shift();
    if (link) this.#replace(link);
  }

  /** The same because the server is too busy: waits a moment. */
  #serverBusy(): void {
    const link = this.#unanswered.shift();
    if (!link || link !== this.#link) return;
    this.#replace(link, false);
    this.#cancelBlocked();
    this.#setState('busy');
  }

  /**
   * The same because there were too many offers: asks again later, and leaves an established connection
   * alone.
   */
  #offerPostponed(delayMs = POSTPONED_MS): void {
    const link = this.#unanswered.shift();
    if (!link || link !== this.#link) return;
    const isRestart = this.#isAnswered;
    if (!isRestart) this.#dropLink();
    this.#cancelReplacement = this.#options.environment.setTimer(delayMs, () => {
      // Until now it counted as in progress, so that a reconnected WebSocket asks for it.
      this.#isRestarting = false;
      void (isRestart ? this.#restartIce(link) : this.#start());
    });
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
        // The answer to a restart in progress will still arrive, or was lost with the WebSocket.
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

  /** While suspended this is only noted; `resume` does it. */
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

  /** Failures after a link was closed are a consequence of that, and are ignored. */
  #fail(link: MediaLink, message: string): void {
    if (link !== this.#link) return;
    this.#options.onError(message);
    this.#replace(link);
  }

  #replace(lost: MediaLink, mayBeAtOnce = true): void {
    if (this.#closed || lost !== this.#link) return;
    this.#connecting();
    // The existing one may recover before another could be negotiated.
    if (this.#isSuspended) return;
    this.#dropLink();
    const isFirst = this.#backoff.attempt === 0;
    const delayMs = this.#backoff.lost();
    // A single loss is usually a failed worker or a changed network, so waiting before the first attempt gains nothing.
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
