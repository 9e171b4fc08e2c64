/** The way of the sound over a WebSocket, and back. Loaded when WebRTC does not get through. */

import type { MediaFallback } from './media-fallback.ts';
import { SocketSound } from './socket-sound.ts';
import { tryWebRtc } from './try-web-rtc.ts';

/** After that the WebSocket is given up, and WebRTC is tried again as at the beginning. */
const LOST_FOR_MS = 15_000;
/** A client that has let go of its connection makes another one soon, or has left. */
const LEFT_AFTER_MS = 3000;
const START_AGAIN_MS = 5000;
const FIRST_TRY_MS = 15_000;
const MAX_TRY_MS = 300_000;
const TRY_AT_MOST_EVERY_MS = 5000;

export class Fallback {
  readonly #media: MediaFallback;
  #sound: SocketSound | null = null;
  /** What comes over the WebSocket. */
  #mix: MediaStreamTrack | null = null;
  #resumeToken = '';
  #state: 'connected' | 'disconnected' | undefined;
  #tries = 0;
  #isTrying = false;
  #triedMs = Number.NEGATIVE_INFINITY;
  #cancelTry = () => {};
  #cancelLost = () => {};
  #cancelLeft = () => {};
  #cancelStart = () => {};

  constructor(media: MediaFallback) {
    this.#media = media;
  }

  /** Of the sound, as the client sees it; undefined while it goes by WebRTC. */
  get state(): 'connected' | 'disconnected' | undefined {
    return this.#state;
  }

  /** Undefined while the sound goes by WebRTC. */
  get stats(): Map<string, object> | undefined {
    return this.#state === undefined ? undefined : this.#sound?.stats();
  }

  setTrack(track: MediaStreamTrack | null): void {
    this.#sound?.setTrack(track);
  }

  /** Opens the WebSocket. WebRTC goes on as well, and the first one that works is used. */
  start(): void {
    const { membership, connection, options } = this.#media;
    this.#cancelStart();
    if (membership === null || connection === null || this.#sound !== null) return;
    if (connection.connectionState === 'connected') return;
    this.#resumeToken = membership.resumeToken;
    const whenCurrent =
      <Given extends unknown[]>(run: (...given: Given) => void) =>
      (...given: Given) => {
        if (sound === this.#sound) run(...given);
      };
    const sound: SocketSound = new SocketSound({
      threads: options.threads,
      ...membership,
      track: connection.track,
      onAttached: whenCurrent((mix) => this.#attached(mix)),
      onLost: whenCurrent(() => this.#lost()),
      onFailed: whenCurrent(() => this.#failed()),
    });
    this.#sound = sound;
  }

  /** The client is in a room, perhaps as somebody else, as far as the server knows. */
  joined(): void {
    if (this.#sound === null || this.#media.membership?.resumeToken === this.#resumeToken) return;
    this.#end();
    // What was so a moment ago is probably so now.
    this.#cancelStart = this.#media.base.setTimer(0, () => this.start());
  }

  /** The client has made another connection. */
  opened(): void {
    this.#cancelLeft();
    // It has set its handlers by then.
    if (this.#state !== undefined) queueMicrotask(() => this.#show());
  }

  /** The client has closed its connection. */
  closed(): void {
    this.#cancelLeft();
    this.#cancelLeft = this.#media.base.setTimer(LEFT_AFTER_MS, () => this.#end());
  }

  /** By WebRTC, or over the WebSocket. */
  connected(): void {
    this.#cancelStart();
    // WebRTC was faster.
    if (this.#state === undefined) this.#end();
  }

  /** The network has changed: WebRTC may get through now. */
  tryAgain(): void {
    if (this.#media.base.now() - this.#triedMs > TRY_AT_MOST_EVERY_MS) void this.#try();
  }

  #attached(mix: MediaStreamTrack): void {
    this.#cancelLost();
    const isNew = this.#state === undefined;
    this.#state = 'connected';
    this.#mix = mix;
    this.#media.connection?.adopt(null);
    this.#show();
    if (!isNew) return;
    this.#tries = 0;
    this.#tryLater();
    this.#media.options.onVia?.('websocket');
  }

  #show(): void {
    const { connection } = this.#media;
    if (connection === null) return;
    if (this.#state === 'connected' && this.#mix !== null) connection.ontrack?.({ track: this.#mix });
    this.#media.changed(connection);
    connection.onconnectionstatechange?.();
  }

  #lost(): void {
    if (this.#state !== 'connected') return;
    this.#state = 'disconnected';
    this.#show();
    this.#cancelLost = this.#media.base.setTimer(LOST_FOR_MS, () => this.#failed());
  }

  /** The WebSocket is of no use: WebRTC again, as at the beginning. */
  #failed(): void {
    const wasInUse = this.#state !== undefined;
    this.#end();
    if (wasInUse) this.#media.connection?.onconnectionstatechange?.();
    this.#cancelStart = this.#media.base.setTimer(START_AGAIN_MS, () => this.start());
  }

  #end(): void {
    const wasInUse = this.#state !== undefined;
    this.#state = undefined;
    this.#cancelTry();
    this.#cancelLost();
    this.#cancelLeft();
    this.#cancelStart();
    this.#sound?.close();
    this.#sound = this.#mix = null;
    if (wasInUse) this.#media.options.onVia?.('webrtc');
  }

  #tryLater(): void {
    this.#tryIn(Math.min(MAX_TRY_MS, FIRST_TRY_MS * 2 ** this.#tries++));
  }

  #tryIn(delayMs: number): void {
    this.#cancelTry();
    this.#cancelTry = this.#media.base.setTimer(delayMs, () => void this.#try());
  }

  /** Whether WebRTC gets through now. The WebSocket carries the sound until it does. */
  async #try(): Promise<void> {
    const { connection, base } = this.#media;
    const sound = this.#sound;
    if (this.#isTrying || sound === null || this.#state === undefined) return;
    if (connection === null || this.#state === 'disconnected') {
      // The network stands still, or the client is about to make another connection.
      this.#tryIn(TRY_AT_MOST_EVERY_MS);
      return;
    }
    this.#isTrying = true;
    this.#triedMs = base.now();
    const real = await tryWebRtc(this.#media, connection, (sdp) => sound.offer(sdp));
    this.#isTrying = false;
    if (real === null || connection !== this.#media.connection || sound !== this.#sound) {
      real?.connection.close();
      if (this.#state !== undefined) this.#tryLater();
      return;
    }
    this.#end();
    connection.adopt(real.connection);
    connection.ontrack?.({ track: real.mix });
    connection.onconnectionstatechange?.();
  }
}
