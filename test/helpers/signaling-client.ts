import type { ConnectionOptions } from 'node:tls';
import { WebSocket } from 'ws';
import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';

type ServerMessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

const PATIENCE_MS = 60_000;

/** A client that sends what a test tells it to, and keeps what it receives until the test asks for it. */
export class SignalingClient {
  readonly socket: WebSocket;
  /** Code and reason of the closed connection. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #heard: ServerMessage[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.#heard.push(JSON.parse(String(data)) as ServerMessage);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('close', () => this.#wake());
  }

  /** Rejects if the server refuses the connection. */
  static async open(
    url: string,
    headers: Record<string, string> = {},
    options: ConnectionOptions & { readonly localAddress?: string } = {},
  ): Promise<SignalingClient> {
    const socket = new WebSocket(url, { headers, ...options });
    const client = new SignalingClient(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  send(message: ClientMessageInput): void {
    this.socket.send(JSON.stringify(message));
  }

  async join(room: string, name: string, resumeToken?: string): Promise<ServerMessageOf<'joined'>> {
    this.send({ type: 'join', room, name, ...(resumeToken !== undefined && { resumeToken }) });
    return this.next('joined');
  }

  /** The next message, which must be of this type. */
  async next<T extends ServerMessage['type']>(type: T): Promise<ServerMessageOf<T>> {
    const message = await this.#take(type);
    if (message.type !== type)
      throw new Error(`a message of type ${type} was expected, not ${JSON.stringify(message)}`);
    return message as ServerMessageOf<T>;
  }

  /** The next message of this type. Messages before it are skipped. */
  async skipTo<T extends ServerMessage['type']>(type: T): Promise<ServerMessageOf<T>> {
    for (;;) {
      const message = await this.#take(type);
      if (message.type === type) return message as ServerMessageOf<T>;
    }
  }

  /** The next message of one of these types. */
  async nextOf(types: readonly ServerMessage['type'][]): Promise<ServerMessage> {
    for (;;) {
      const message = await this.#take(types.join(' or '));
      if (types.includes(message.type)) return message;
    }
  }

  /** Everything received until the server has answered a ping sent now. */
  async settled(): Promise<ServerMessage[]> {
    this.send({ type: 'ping', id: -1 });
    const messages: ServerMessage[] = [];
    for (;;) {
      while (this.#heard.length === 0) await this.#somethingNew();
      const message = this.#heard.shift()!;
      if (message.type === 'pong' && message.id === -1) return messages;
      messages.push(message);
    }
  }

  async #take(wanted: string): Promise<ServerMessage> {
    while (this.#heard.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`the connection ended before a message of type ${wanted}`);
      await this.#somethingNew();
    }
    return this.#heard.shift()!;
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => reject(new Error(`nothing was heard for ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
  }
}
