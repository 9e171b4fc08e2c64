import type { GainStorage } from './gain-memory.ts';

/** As `RTCRtpReceiver.getCapabilities` describes it. */
export interface AudioCodec {
  mimeType: string;
  clockRate: number;
  channels?: number;
  sdpFmtpLine?: string;
}

/** The client's access to the browser, as a value that tests can replace. */
export interface Environment {
  /** Monotonic time in milliseconds. */
  readonly now: () => number;
  /** Calls back once after `delayMs`. Returns a function that cancels it. */
  readonly setTimer: (delayMs: number, callback: () => void) => () => void;
  /** At least 0, below 1. */
  readonly random: () => number;
  readonly openWebSocket: (url: string) => WebSocket;
  readonly createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
  readonly createStream: (tracks: MediaStreamTrack[]) => MediaStream;
  /** The audio codecs that the browser can receive, in its own order. */
  readonly audioCodecs: () => readonly AudioCodec[];
  /** Null if the browser does not allow storage. */
  readonly storage: () => GainStorage | null;
}

export const browserEnvironment: Environment = {
  now: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  openWebSocket: (url) => new WebSocket(url),
  createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
  createStream: (tracks) => new MediaStream(tracks),
  audioCodecs: () => RTCRtpReceiver.getCapabilities?.('audio')?.codecs ?? [],
  storage: () => {
    try {
      return globalThis.localStorage ?? null;
    } catch {
      // Browsers throw if storage is not allowed.
      return null;
    }
  },
};
