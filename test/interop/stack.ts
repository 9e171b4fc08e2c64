/** Other implementations of WebRTC, as the tests of this folder use them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createFrameDecoder } from '../helpers/opus.ts';
import { concatInt16 } from '../helpers/signal.ts';

export type SectionKind = 'audio' | 'video' | 'data';
export type SectionDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One media section of an offer. A section for data has no direction; its value means nothing. */
export interface Section {
  readonly kind: SectionKind;
  readonly direction: SectionDirection;
}

export interface ConnectionOptions {
  readonly sections: readonly Section[];
  /** As the stack calls it; null is what the stack does by itself. */
  readonly bundlePolicy: string | null;
  /** Of the tone in every audio section that sends. */
  readonly frequencyHz: number;
}

export interface Heard {
  /** RTP packets that have arrived since the connection stands. */
  readonly packets: number;
  /** Mono at 48 kHz. */
  readonly sound: Int16Array;
}

/** A stack, with as many connections as a test wants; each has a name. */
export interface Stack {
  /** Makes a connection and returns its offer. */
  offer(connection: string, options: ConnectionOptions): Promise<string>;
  /** Resolves when the connection stands. Rejects with the words of a stack that does not take the answer. */
  accept(connection: string, answer: string): Promise<void>;
  /** What has arrived, with the sound of the next `ms`. */
  listen(connection: string, ms: number): Promise<Heard>;
  /** Ends the connection, also one that never stood. */
  hangUp(connection: string): Promise<void>;
  close(): Promise<void>;
}

/** What a client says that it has heard. Some stacks decode, and some give packets. */
export interface HeardMessage {
  readonly packets: number;
  /** Base64 of 16-bit samples, little-endian, mono, 48 kHz. */
  readonly pcm?: string;
  /** Base64 of one Opus packet each, in their order. */
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
 * Starts a client from `clients/`: a program that reads requests and writes replies, one line of JSON each. A request has `id`, `method`
 * (`offer`, `accept`, `listen` or `hangUp`), `connection` and what the method needs; a reply has the same `id`, and `result` or `error`.
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
    accept: async (connection, answer) => void (await ask('accept', connection, { answer })),
    listen: async (connection, ms) => readHeard((await ask('listen', connection, { ms })) as HeardMessage),
    hangUp: async (connection) => void (await ask('hangUp', connection, {})),
    async close() {
      program.kill('SIGKILL');
      await ended;
    },
  };
}
