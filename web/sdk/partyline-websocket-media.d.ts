// Written by scripts/generate.mjs from web/sdk/websocket-media/index.ts.

/** As `RTCRtpReceiver.getCapabilities` describes it. */
interface AudioCodec {
    mimeType: string;
    clockRate: number;
    channels?: number;
    sdpFmtpLine?: string;
}

/** The client's access to the browser, as a value that tests can replace. */
interface Environment {
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

/** The part of a browser's `localStorage` that the memory uses. */
type GainStorage = Pick<Storage, 'getItem' | 'setItem'>;

export interface WebSocketMediaOptions {
    /** The URL of `websocket-media-threads.js` on the page's own origin, for a worker and a worklet. */
    readonly threads: string | URL;
    /** The sound goes another way now. */
    readonly onVia?: (via: 'webrtc' | 'websocket') => void;
}

/** See `WebSocketMedia`, which has the client's parts with it. */
declare class MediaFallback {
    #private;
    readonly environment: Environment;
    /** How the sound goes. */
    get via(): 'webrtc' | 'websocket';
}

/**
 * Sound over a WebSocket where WebRTC does not get through. Pass its `environment` to a `VoiceClient` or `VoiceRoom`, one
 * each. It falls back when WebRTC has not connected for 5 s, and goes back when WebRTC gets through again.
 */
export declare class WebSocketMedia extends MediaFallback {
    constructor(options: WebSocketMediaOptions);
}
