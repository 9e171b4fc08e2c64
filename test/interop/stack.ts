/** Other implementations of WebRTC, as the tests in this folder use them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createFrameDecoder } from '../helpers/opus.ts';
import { concatInt16 } from '../helpers/signal.ts';

export type SectionKind = 'audio' | 'video' | 'data';
export type SectionDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One media section of an offer. A data section has no direction; its value means nothing. */
export interface Section {
  readonly kind: SectionKind;
  readonly direction: SectionDirection;
}

export interface ConnectionOptions {
  readonly sections: readonly Section[];
  /** In the words of the stack; null for the stack's default. */
  readonly bundlePolicy: string | null;
  /** Frequency of the tone in every audio section that sends. */
  readonly frequencyHz: number;
}

/** What a further offer for the same connection changes. */
export interface Change {
  /** Of the first audio section. */
  readonly direction: SectionDirection;
  /** Whether it has new ICE credentials. */
  readonly iceRestart: boolean;
}

export interface Heard {
  /** RTP packets that have arrived since the connection was established. */
  readonly packets: number;
  /** Mono at 48 kHz. */
  readonly sound: Int16Array;
}

/** A stack with as many connections as a test wants. Each has a name. */
export interface Stack {
  /** Makes a connection and returns its offer. */
  offer(connection: string, options: ConnectionOptions): Promise<string>;
  /** Returns a further offer of an established connection. */
  offerAgain(connection: string, change: Change): Promise<string>;
  /** Resolves when the connection is established. If the stack rejects the answer, rejects with the stack's message. */
  accept(connection: string, answer: string): Promise<void>;
  /** What has arrived so far, with the sound of the next `ms`. */
  listen(connection: string, ms: number): Promise<Heard>;
  /** Ends the connection, even if it was never established. */
  hangUp(connection: string): Promise<void>;
  close(): Promise<void>;
}

/** What a client reports that it has heard. Some stacks decode, others return packets. */
export interface HeardMessage {
  readonly packets: number;
  /** 16-bit samples as base64: little-endian, mono, 48 kHz. */
  readonly pcm?: string;
  /** One Opus packet each as base64, in order. */
  readonly payloads?: readonly string[];
}

export function readHeard({ packets, pcm, payloads = [] }: HeardMessage): Heard {
  if (pcm === undefined) {
    const decode = createFrameDecoder();
    return { packets, sound: concatInt16(payloads.map((payload) => decode(Buffer.from(payload, 'base64')).slice())) };
  }
  const bytes = Uint8Array.from(Buffer.from(pcm, 'base64'));
  return { packets, sound: new Int16Array(bytes.buffer, 0, bytes.length >> 1) };
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/**
 * Starts a client from `clients/`: a program that reads requests and writes replies, one line of JSON each. A request
 * has `id`, `method` (`offer`, `offerAgain`, `accept`, `listen` or `hangUp`), `connection` and what the method needs. A reply has the
 * same `id`, and `result` or `error`.
 */
export function startProgram(interpreter: string, file: string): Stack {
  const path = new URL(`clients/${file}`, import.meta.url).pathname;
  const program = spawn(interpreter, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  createInterface({ input: program.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as Reply;
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  const ended = once(program, 'exit').then(([code, signal]) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code ?? signal}`));
  });
  // It may end before it has read everything.
  program.stdin.on('error', () => {});
  const ask = (method: string, connection: string, more: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      program.stdin.write(`${JSON.stringify({ id, method, connection, ...more })}\n`);
    });
  return {
    offer: async (connection, options) => String(await ask('offer', connection, options)),
    offerAgain: async (connection, change) => String(await ask('offerAgain', connection, change)),
    accept: async (connection, answer) => void (await ask('accept', connection, { answer })),
    listen: async (connection, ms) => readHeard((await ask('listen', connection, { ms })) as HeardMessage),
    hangUp: async (connection) => void (await ask('hangUp', connection, {})),
    async close() {
      program.kill('SIGKILL');
      await ended;
    },
  };
}
