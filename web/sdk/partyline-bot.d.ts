// Written by scripts/generate.mjs from web/sdk/bot/index.ts.

/** What the bot needs of a WebSocket. */
export interface BotSocket {
    binaryType: string;
    send(data: string | ArrayBuffer): void;
    close(code?: number): void;
    addEventListener(type: 'open', listener: () => void): void;
    addEventListener(type: 'message', listener: (event: {
        readonly data: unknown;
    }) => void): void;
    addEventListener(type: 'close', listener: (event: {
        readonly reason: string;
    }) => void): void;
    addEventListener(type: 'error', listener: (event: unknown) => void): void;
}

export type BotSocketClass = new (url: string, options: {
    readonly headers: Record<string, string>;
}) => BotSocket;

export interface BotOptions {
    /** The address of the server, such as `https://talk.example.org`. */
    readonly server: string;
    readonly room: string;
    /** The admin token, or a join token with `mayBeBot`. */
    readonly token: string;
    readonly name?: string;
    /** The form of the sound that the bot sends; nothing by default. */
    readonly send?: 'pcm' | 'opus';
    /** `music` is left as it is; a voice by default. */
    readonly source?: 'voice' | 'music';
    /** What the bot hears: what everybody hears, or each speaker on their own; nothing by default. */
    readonly receive?: 'mix' | 'speakers';
    /** The form of the sound that it hears; `opus` by default. */
    readonly format?: 'pcm' | 'opus';
    /** A class that takes headers: that of Node 22 by default, or the one of the package `ws`. */
    readonly WebSocket?: BotSocketClass;
}

/** Somebody whom the bot hears. */
export interface BotSpeaker {
    readonly speaker: number;
    readonly participantId: string;
    readonly identity: string | null;
    readonly name: string;
}

export interface BotEvents {
    frame: (frame: BotFrame) => void;
    /** Somebody has begun or stopped speaking. `time` is that of frames. */
    speaking: (event: {
        readonly speaker: BotSpeaker;
        readonly speaking: boolean;
        readonly time: number;
    }) => void;
    /** So many frames for the bot were left out, because it was too slow. */
    dropped: (frames: number) => void;
    /** A moderator has muted the bot, or allows it to speak. */
    muted: (muted: boolean) => void;
    moved: (room: string) => void;
    /** Something that the bot did was refused; it goes on. */
    problem: (code: string, message: string) => void;
    closed: (reason: string) => void;
}

export declare class BotConnection {
    #private;
    private constructor();
    /** Resolves when the bot is in the room. Rejects with an error whose message begins with a code of the server. */
    static connect(options: BotOptions): Promise<BotConnection>;
    /** The name of the room as it is spelled there. */
    get room(): string;
    get participantId(): string;
    /** The time of frames, in samples at 48 kHz, when the bot came. */
    get startTime(): number;
    /** Calls the listener for every such event until what this returns is called. */
    on<K extends keyof BotEvents>(event: K, listener: BotEvents[K]): () => void;
    speaker(number: number): BotSpeaker | undefined;
    /** Sends 960 samples in mono at 48 kHz. The server plays one frame after the other, so they may come early. */
    sendSamples(samples: Int16Array): void;
    /** Sends one Opus packet of 20 ms. */
    sendPacket(packet: Uint8Array): void;
    /**
     * Sends frames of 960 samples, or Opus packets of 20 ms, as fast as the server takes them. Resolves when the last one
     * has been played: with true, or with false if it was cleared or the connection has ended.
     */
    play(frames: Iterable<Int16Array | Uint8Array> | AsyncIterable<Int16Array | Uint8Array>): Promise<boolean>;
    /**
     * Resolves when everything so far has been played: with true, or with false if it was cleared or the connection has ended.
     * Rejects if a hundred of these wait already.
     */
    played(): Promise<boolean>;
    /** Forgets everything that has not been played, such as when somebody interrupts the bot. */
    clear(): void;
    mute(muted: boolean): void;
    close(): void;
}

/** Samples of 20 ms at 48 kHz. */
export declare const FRAME_SAMPLES = 960;

/** Sound that the bot hears. */
export interface BotFrame {
    /** The number of the speaker; 0 is the mix. */
    readonly speaker: number;
    /** The first one after a silence. */
    readonly starts: boolean;
    /** Of this speaker. One that is missing was left out, because the bot was too slow. */
    readonly sequence: number;
    /** In samples at 48 kHz; what is missing between two frames is silence. */
    readonly time: number;
    /** Samples in mono at 48 kHz, if the bot has asked for `pcm`. */
    readonly samples: Int16Array | undefined;
    /** One Opus packet, if the bot has asked for `opus`. */
    readonly packet: Uint8Array | undefined;
}
