/** A program that speaks and listens in a room: Opus or samples over one WebSocket, without WebRTC or native code. */
import type { BotAnswer } from '../../../src/protocol/bot-answers.ts';
import { type BotFrame, FRAME_SAMPLES, readFrame, writePacket, writeSamples } from './frame.ts';

/** What the bot needs of a WebSocket. */
export interface BotSocket {
  binaryType: string;
  send(data: string | ArrayBuffer): void;
  close(code?: number): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: unknown) => void): void;
}

export type BotSocketClass = new (url: string, options: { readonly headers: Record<string, string> }) => BotSocket;

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
  speaking: (event: { readonly speaker: BotSpeaker; readonly speaking: boolean; readonly time: number }) => void;
  /** So many frames for the bot were left out, because it was too slow. */
  dropped: (frames: number) => void;
  /** A moderator has muted the bot, or allows it to speak. */
  muted: (muted: boolean) => void;
  moved: (room: string) => void;
  /** Something that the bot did was refused; it goes on. */
  problem: (code: string, message: string) => void;
  closed: (reason: string) => void;
}

type Listeners = { readonly [K in keyof BotEvents]: Set<BotEvents[K]> };

/** The server keeps ten seconds. */
const AHEAD_MS = 4000;
/** The server takes no more at a time. */
const MAX_MARKS = 100;
const SAMPLES_PER_MS = 48;
const FRAME_MS = FRAME_SAMPLES / SAMPLES_PER_MS;

export class BotConnection {
  readonly #socket: BotSocket;
  readonly #listeners: Listeners = {
    frame: new Set(),
    speaking: new Set(),
    dropped: new Set(),
    muted: new Set(),
    moved: new Set(),
    problem: new Set(),
    closed: new Set(),
  };
  readonly #speakers = new Map<number, BotSpeaker>();
  readonly #marks = new Map<string, (isPlayed: boolean) => void>();
  #started: Extract<BotAnswer, { type: 'started' }> | undefined;
  #marksMade = 0;
  #sequence = 0;
  /** What waits in the server, at most. */
  #aheadMs = 0;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  private constructor(socket: BotSocket) {
    this.#socket = socket;
  }

  /** Resolves when the bot is in the room. Rejects with an error whose message begins with a code of the server. */
  static connect(options: BotOptions): Promise<BotConnection> {
    const { server, room, token, name, send = null, source, receive = null, format } = options;
    const { WebSocket = globalThis.WebSocket as unknown as BotSocketClass } = options;
    const url = new URL(`/api/v1/rooms/${encodeURIComponent(room)}/endpoint`, server);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url.href, { headers: { Authorization: `Bearer ${token}` } });
    socket.binaryType = 'arraybuffer';
    const bot = new BotConnection(socket);
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ type: 'start', name, send, source, receive, format })),
    );
    return new Promise((resolve, reject) => {
      let problem = 'the connection was refused';
      socket.addEventListener('error', (event) => {
        const { message } = event as { readonly message?: unknown };
        if (typeof message === 'string') problem = message;
      });
      socket.addEventListener('close', ({ reason }) => {
        reject(new Error(reason === '' ? problem : `${reason}: ${problem}`));
        bot.#closed(reason);
      });
      socket.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') {
          bot.#hear(data as ArrayBuffer);
          return;
        }
        const answer = JSON.parse(data) as BotAnswer;
        if (answer.type === 'error') problem = answer.message;
        bot.#answer(answer);
        if (answer.type === 'started') resolve(bot);
      });
    });
  }

  /** The name of the room as it is spelled there. */
  get room(): string {
    return this.#started?.room ?? '';
  }

  get participantId(): string {
    return this.#started?.participantId ?? '';
  }

  /** The time of frames, in samples at 48 kHz, when the bot came. */
  get startTime(): number {
    return this.#started?.time ?? 0;
  }

  /** Calls the listener for every such event until what this returns is called. */
  on<K extends keyof BotEvents>(event: K, listener: BotEvents[K]): () => void {
    const listeners = this.#listeners[event] as Set<BotEvents[K]>;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  speaker(number: number): BotSpeaker | undefined {
    return this.#speakers.get(number);
  }

  /** Sends 960 samples in mono at 48 kHz. The server plays one frame after the other, so they may come early. */
  sendSamples(samples: Int16Array): void {
    if (samples.length !== FRAME_SAMPLES) throw new RangeError(`a frame has ${FRAME_SAMPLES} samples`);
    this.#aheadMs += FRAME_MS;
    this.#send(writeSamples(samples, this.#sequence++));
  }

  /** Sends one Opus packet of 20 ms. */
  sendPacket(packet: Uint8Array): void {
    this.#aheadMs += FRAME_MS;
    this.#send(writePacket(packet, this.#sequence++));
  }

  /**
   * Sends frames of 960 samples, or Opus packets of 20 ms, as fast as the server takes them. Resolves when the last one
   * has been played: with true, or with false if it was cleared or the connection has ended.
   */
  async play(frames: Iterable<Int16Array | Uint8Array> | AsyncIterable<Int16Array | Uint8Array>): Promise<boolean> {
    const clears = this.#clears;
    for await (const frame of frames) {
      while (this.#aheadMs > AHEAD_MS && !this.#isClosed) await new Promise<void>((wake) => this.#waiting.add(wake));
      if (this.#isClosed || clears !== this.#clears) return false;
      if (frame instanceof Int16Array) this.sendSamples(frame);
      else this.sendPacket(frame);
    }
    return this.played();
  }

  /**
   * Resolves when everything so far has been played: with true, or with false if it was cleared or the connection has ended.
   * Rejects if a hundred of these wait already.
   */
  played(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#marks.size >= MAX_MARKS) return Promise.reject(new Error('rate_limited: too many marks are waiting'));
    const name = String(++this.#marksMade);
    this.#say({ type: 'mark', name });
    return new Promise((resolve) => this.#marks.set(name, resolve));
  }

  /** Forgets everything that has not been played, such as when somebody interrupts the bot. */
  clear(): void {
    this.#clears++;
    this.#aheadMs = 0;
    this.#say({ type: 'clear' });
    this.#wake();
  }

  mute(muted: boolean): void {
    this.#say({ type: 'mute', muted });
  }

  close(): void {
    this.#socket.close(1000);
  }

  #clears = 0;

  #hear(bytes: ArrayBuffer): void {
    const frame = readFrame(bytes);
    if (frame !== undefined) for (const listener of this.#listeners.frame) listener(frame);
  }

  #answer(answer: BotAnswer): void {
    switch (answer.type) {
      case 'started':
        this.#started = answer;
        return;
      case 'speaker': {
        const { type: _, ...speaker } = answer;
        this.#speakers.set(speaker.speaker, speaker);
        return;
      }
      case 'speaking': {
        const speaker = this.#speakers.get(answer.speaker);
        const { speaking, time } = answer;
        if (speaker !== undefined) for (const each of this.#listeners.speaking) each({ speaker, speaking, time });
        return;
      }
      case 'buffered':
        this.#aheadMs = answer.ms;
        this.#wake();
        return;
      case 'mark':
        this.#marks.get(answer.name)?.(!answer.cleared);
        this.#marks.delete(answer.name);
        return;
      case 'dropped':
        for (const listener of this.#listeners.dropped) listener(answer.frames);
        return;
      case 'muted':
        for (const listener of this.#listeners.muted) listener(answer.muted);
        return;
      case 'moved':
        this.#speakers.clear();
        for (const listener of this.#listeners.moved) listener(answer.room);
        return;
      case 'error':
        for (const listener of this.#listeners.problem) listener(answer.code, answer.message);
    }
  }

  #closed(reason: string): void {
    this.#isClosed = true;
    for (const resolve of this.#marks.values()) resolve(false);
    this.#marks.clear();
    this.#wake();
    for (const listener of this.#listeners.closed) listener(reason);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #say(message: object): void {
    this.#send(JSON.stringify(message));
  }

  #send(data: string | ArrayBuffer): void {
    if (!this.#isClosed) this.#socket.send(data);
  }
}
