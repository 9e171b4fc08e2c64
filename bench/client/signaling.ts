import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';

const ANSWER_TIMEOUT_MS = 20_000;
/** How long the end of a connection waits for a server that has vanished. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * The WebSocket of one participant. Messages that nobody waits for are not even parsed, so that a large room costs
 * little.
 */
export class SignalingClient {
  readonly #socket: WebSocket;
  /** After joining. */
  participantId: string | undefined;
  #waiting: ((message: ServerMessage) => void) | undefined;
  #onClosed: ((reason: string) => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#waiting?.(JSON.parse(String(data)) as ServerMessage));
    // A socket that fails also closes.
    socket.on('error', () => {});
    socket.on('close', (code, reason) => this.#onClosed?.(`${code} ${String(reason)}`.trim()));
  }

  /** `url` is like `ws://127.0.0.1:8080/ws`. */
  static async open(url: string): Promise<SignalingClient> {
    const options: ClientOptions & { readonly closeTimeout: number } = {
      perMessageDeflate: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    const socket = new WebSocket(url, options);
    await once(socket, 'open');
    return new SignalingClient(socket);
  }

  async join(room: string, name: string): Promise<void> {
    const joined = this.#receive('joined');
    this.#send({ type: 'join', room, name });
    this.participantId = (await joined).participantId;
  }

  /** @param restart the offer is a further one for the same connection */
  async negotiate(offerSdp: string, restart = false): Promise<string> {
    const answered = this.#receive('answer');
    this.#send({ type: 'offer', sdp: offerSdp, restart });
    return (await answered).sdp;
  }

  setMuted(muted: boolean): void {
    this.#send({ type: 'state', muted });
  }

  hear(participantId: string, gain: number): void {
    this.#send({ type: 'hear', participantId, gain });
  }

  close(): void {
    this.#socket.close();
  }

  #send(message: ClientMessageInput): void {
    this.#socket.send(JSON.stringify(message));
  }

  /**
   * Resolves with the next message of a type. Rejects on an `error` message, when the socket closes, and after 20 s.
   */
  #receive<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(new Error(`no ${type} within ${ANSWER_TIMEOUT_MS / 1000} s`)),
        ANSWER_TIMEOUT_MS,
      );
      const settle = (outcome: Error | Extract<ServerMessage, { type: T }>) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        this.#onClosed = undefined;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      this.#onClosed = (reason) => settle(new Error(`the WebSocket closed before ${type}: ${reason}`));
      this.#waiting = (message) => {
        if (message.type === type) settle(message as Extract<ServerMessage, { type: T }>);
        else if (message.type === 'error') settle(new Error(`the server refused: ${message.code}: ${message.message}`));
      };
    });
  }
}
