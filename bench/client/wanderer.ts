import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerMessage } from '../../src/protocol/messages.ts';

const RETRY_MS = 100;
/** A server that is gone refuses at once; one that says nothing is not waited for. */
const ANSWER_MS = 3000;

/** Somebody without media in a cluster, who asks any server and goes where the room is, again and again. */
export class Wanderer {
  readonly #urls: () => readonly string[];
  readonly #room: string;
  readonly #name: string;
  #socket: WebSocket | undefined;
  #resumeToken: string | undefined;
  #isOver = false;
  /** The server where they are; undefined while they are on the way. */
  at: string | undefined;
  /** When they have last arrived. */
  arrivedMs = Number.NaN;
  /** The last time they asked another server than the room's. */
  wasLed = false;

  /** @param urls of the WebSockets of all servers that live */
  constructor(urls: () => readonly string[], room: string, name: string) {
    this.#urls = urls;
    this.#room = room;
    this.#name = name;
  }

  /** Resolves when they are in the room. */
  async enter(first?: string): Promise<void> {
    let next = first;
    while (!this.#isOver) {
      this.wasLed = next !== undefined;
      const urls = this.#urls();
      const asked = next ?? urls[Math.floor(Math.random() * urls.length)]!;
      const answer = await this.#ask(asked);
      if (answer === 'joined') return;
      next = answer;
      if (next === undefined) await sleep(RETRY_MS);
    }
  }

  leave(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }

  /** Returns where else to ask; undefined: anywhere, later. */
  #ask(url: string): Promise<'joined' | string | undefined> {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: ANSWER_MS });
      const end = (answer: string | undefined) => {
        clearTimeout(timer);
        if (this.#socket !== socket) socket.terminate();
        resolve(answer);
      };
      const timer = setTimeout(() => end(undefined), ANSWER_MS);
      socket.on('error', () => {});
      socket.on('close', () => {
        if (this.#socket !== socket) end(undefined);
        else if (!this.#isOver) this.#lost();
      });
      socket.on('open', () => {
        const resumeToken = this.#resumeToken;
        const join = { type: 'join', room: this.#room, name: this.#name, redirects: true };
        socket.send(JSON.stringify({ ...join, batches: true, ...(resumeToken !== undefined && { resumeToken }) }));
      });
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as ServerMessage;
        if (message.type === 'joined') {
          this.#arrive(socket, url, message.resumeToken);
          end('joined');
        } else if (message.type === 'redirect') {
          if (this.#socket === socket) this.#lost(message.url);
          else end(message.url);
        } else if (message.type === 'error') end(undefined);
      });
    });
  }

  #arrive(socket: WebSocket, url: string, resumeToken: string): void {
    const before = this.#socket;
    this.#socket = socket;
    this.#resumeToken = resumeToken;
    this.at = url;
    this.arrivedMs = performance.now();
    // With a code, so that nobody waits for them there.
    before?.close(1000);
  }

  #lost(next?: string): void {
    this.at = undefined;
    void this.enter(next);
  }
}
