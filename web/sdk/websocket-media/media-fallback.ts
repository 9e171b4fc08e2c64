import type { Environment } from '../environment.ts';
import type { MediaLink } from '../media-link.ts';
import type { Fallback } from './fallback.ts';
import { FallbackConnection } from './fallback-connection.ts';
import { Moving } from './moving.ts';

export interface WebSocketMediaOptions {
  /** The URL of `websocket-media-threads.js` on the page's own origin, for a worker and a worklet. */
  readonly threads: string | URL;
  /** The sound goes another way now. */
  readonly onVia?: (via: 'webrtc' | 'websocket') => void;
}

/** What the client has loaded anyway. */
export interface ClientParts {
  readonly environment: Environment;
  readonly createLink: (...given: ConstructorParameters<typeof MediaLink>) => MediaLink;
}

/** Whose sound it is, as the server said it to the client. */
export interface Membership {
  readonly url: string;
  readonly room: string;
  readonly resumeToken: string;
}

/** ICE may take so long, at the beginning and after it was interrupted. */
const FAILED_AFTER_MS = 5000;
const JOINED = '{"type":"joined"';

/** See `WebSocketMedia`, which has the client's parts with it. */
export class MediaFallback {
  readonly environment: Environment;
  /** @internal */
  readonly base: Environment;
  /** @internal */
  readonly createLink: ClientParts['createLink'];
  /** @internal */
  readonly options: WebSocketMediaOptions;
  /** @internal Loaded when WebRTC does not get through. */
  fallback: Fallback | null = null;
  /** @internal */
  membership: Membership | null = null;
  /** @internal The one that the client uses now. */
  connection: FallbackConnection | null = null;
  /** @internal */
  readonly moving: Moving;
  #cancel: (() => void) | null = null;
  #failedAfterMs = FAILED_AFTER_MS;

  /** @internal */
  constructor(options: WebSocketMediaOptions, { environment: base, createLink }: ClientParts) {
    this.options = options;
    this.base = base;
    this.moving = new Moving(base);
    this.createLink = createLink;
    this.environment = {
      ...base,
      openWebSocket: (url) => {
        const socket = base.openWebSocket(url);
        this.moving.watch(socket);
        socket.addEventListener('message', ({ data }) => {
          if (typeof data !== 'string' || !data.startsWith(JOINED)) return;
          this.membership = { ...JSON.parse(data), url: url.replace(/ws$/, 'media') };
          this.fallback?.joined();
        });
        return socket;
      },
      createPeerConnection: (configuration) => {
        const connection = new FallbackConnection(this, configuration, this.#createReal(configuration));
        this.connection = connection;
        this.fallback?.opened();
        this.changed(connection);
        return connection as unknown as RTCPeerConnection;
      },
    };
  }

  /** How the sound goes. */
  get via(): 'webrtc' | 'websocket' {
    return this.fallback?.state === undefined ? 'webrtc' : 'websocket';
  }

  /** @internal Something has happened to a connection. */
  changed(connection: FallbackConnection, isClosed = false): void {
    if (connection !== this.connection) return;
    const isConnected = connection.connectionState === 'connected';
    if (isClosed || isConnected) {
      this.#cancel?.();
      this.#cancel = null;
    }
    if (isClosed) {
      this.connection = null;
      this.fallback?.closed();
    } else if (isConnected) this.fallback?.connected();
    else this.#cancel ??= this.base.setTimer(this.#failedAfterMs, () => void this.#fall());
  }

  #createReal(configuration: RTCConfiguration): RTCPeerConnection | null {
    try {
      if (this.via === 'webrtc') return this.base.createPeerConnection(configuration);
    } catch {
      // This browser has no WebRTC.
      this.#failedAfterMs = 0;
    }
    return null;
  }

  async #fall(): Promise<void> {
    this.#cancel = null;
    this.#failedAfterMs = FAILED_AFTER_MS;
    try {
      const { Fallback } = await import('./fallback.ts');
      this.fallback ??= new Fallback(this);
      this.fallback.start();
    } catch {
      if (this.connection !== null) this.changed(this.connection);
    }
  }
}
