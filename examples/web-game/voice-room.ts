/**
 * A game server's side of one voice room: opens it, makes join tokens, and keeps a control connection. It knows nothing
 * about this game, so this is the file to copy. `docs/games.md` describes the messages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

const RETRY_MS = 1000;
/** The voice server sends a ping every 1.5 s. */
const SILENCE_MS = 5000;

/** `docs/games.md` lists the fields of each type. */
export interface ControlMessage {
  readonly type: 'space' | 'channels' | 'subscribe';
  readonly [field: string]: unknown;
}

export interface VoiceRoomOptions {
  /** The address of the voice server: `http://localhost:8080`. */
  readonly server: string;
  readonly adminToken: string;
  readonly room: string;
  /** The connection is new, so send everything again. */
  readonly onConnected: () => void;
  /** Pairs of players within earshot: whose voice, and whose ears. */
  readonly onAudible: (pairs: readonly (readonly [voice: string, ears: string])[]) => void;
}

export class VoiceRoom {
  readonly #options: VoiceRoomOptions;
  readonly #path: string;
  #socket: WebSocket | undefined;
  #isClosed = false;

  constructor(options: VoiceRoomOptions) {
    this.#options = options;
    this.#path = `/rooms/${encodeURIComponent(options.room)}/control`;
  }

  /** Resolves when the room is open, and rejects if that fails. From then on the connection repairs itself. */
  async open(): Promise<void> {
    await this.#openRoom();
    this.#connect();
  }

  /** A join token admits one player to this room. Make it when the game has admitted that player. */
  async joinToken(player: string, name: string): Promise<string> {
    const response = await this.#post('/tokens', { room: this.#options.room, identity: player, name });
    return ((await response.json()) as { token: string }).token;
  }

  /** Does nothing while there is no connection, because `onConnected` follows. */
  send(message: ControlMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }

  /** The voice server forgets rooms when it restarts, so this comes before every connection. */
  async #openRoom(): Promise<void> {
    await this.#post('/rooms', { name: this.#options.room }, 409);
  }

  #connect(): void {
    const { server, adminToken, onConnected } = this.#options;
    const url = `${server.replace(/^http/, 'ws')}/api/v1${this.#path}`;
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${adminToken}` } });
    this.#socket = socket;
    // Otherwise a connection that is lost silently would be noticed only after minutes.
    const silence = setTimeout(() => socket.terminate(), SILENCE_MS);
    socket.on('open', onConnected);
    socket.on('ping', () => silence.refresh());
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('error', (error) => console.error(`voice: ${error.message}`));
    socket.on('close', () => {
      clearTimeout(silence);
      void this.#reconnect();
    });
  }

  async #reconnect(): Promise<void> {
    while (!this.#isClosed) {
      await sleep(RETRY_MS);
      try {
        await this.#openRoom();
        if (!this.#isClosed) this.#connect();
        return;
      } catch (error) {
        console.error(`voice: ${String(error)}`);
      }
    }
  }

  #receive(text: string): void {
    const message = JSON.parse(text);
    if (message.type === 'audible') this.#options.onAudible(message.pairs);
    else if (message.type === 'error') console.error(`voice: ${message.code}: ${message.message}`);
  }

  async #post(path: string, body: unknown, alsoFine = 0): Promise<Response> {
    const { server, adminToken } = this.#options;
    const response = await fetch(`${server}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok && response.status !== alsoFine) throw new Error(`${path}: ${await response.text()}`);
    return response;
  }
}
