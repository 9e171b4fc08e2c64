import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type JanusMessage, parseJanusMessage } from './messages.ts';

const ANSWER_TIMEOUT_MS = 20_000;

type Settled = Extract<JanusMessage, { kind: 'success' | 'event' }>;

/**
 * One participant of an AudioBridge room: a WebSocket with its own session and handle, as a browser has. Messages that
 * nobody waits for are not even parsed, as in our own client.
 */
export class JanusSignaling {
  readonly #socket: WebSocket;
  #waiting: ((message: JanusMessage) => void) | undefined;
  #transactions = 0;
  #sessionId: number | undefined;
  #handleId: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#waiting?.(parseJanusMessage(String(data))));
    // A socket that fails also closes. Whatever was waiting then times out with its own message.
    socket.on('error', () => {});
  }

  /** `url` is like `ws://127.0.0.1:8188`. Rejects if Janus does not answer or has no AudioBridge. */
  static async open(url: string): Promise<JanusSignaling> {
    const socket = new WebSocket(url, 'janus-protocol', { perMessageDeflate: false });
    await once(socket, 'open');
    const signaling = new JanusSignaling(socket);
    try {
      signaling.#sessionId = await signaling.#create({ janus: 'create' });
      signaling.#handleId = await signaling.#create({ janus: 'attach', plugin: 'janus.plugin.audiobridge' });
      return signaling;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  async join(room: string, name: string): Promise<void> {
    await this.#request({ janus: 'message', body: { request: 'join', room, display: name } });
  }

  /**
   * Takes an offer and resolves with the answer. Our client can only be the active side of DTLS, and Janus would
   * otherwise choose to be it.
   */
  async negotiate(offerSdp: string): Promise<string> {
    const sdp = offerSdp.replace('a=setup:actpass', 'a=setup:active');
    const answer = await this.#request({
      janus: 'message',
      body: { request: 'configure', muted: false },
      jsep: { type: 'offer', sdp },
    });
    if (answer.kind !== 'event' || answer.answerSdp === undefined)
      throw new Error('Janus answered without a session description');
    return answer.answerSdp;
  }

  /** Janus ends the session with its WebSocket. */
  close(): void {
    this.#socket.close();
  }

  async #create(request: object): Promise<number> {
    const answer = await this.#request(request);
    if (answer.kind !== 'success' || answer.id === undefined) throw new Error('Janus answered without an id');
    return answer.id;
  }

  /**
   * Resolves with what settles a request: its success, or the plugin's event. An `ack` before that is skipped. One
   * request at a time.
   */
  #request(request: object): Promise<Settled> {
    const transaction = String(this.#transactions++);
    return new Promise((resolve, reject) => {
      const settle = (outcome: Error | Settled) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const timer = setTimeout(
        () => settle(new Error(`Janus did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`)),
        ANSWER_TIMEOUT_MS,
      );
      this.#waiting = (message) => {
        if (message.kind === 'other' || message.transaction !== transaction) return;
        settle(message.kind === 'error' ? new Error(`Janus refused: ${message.reason}`) : message);
      };
      const ids = { session_id: this.#sessionId, handle_id: this.#handleId };
      this.#socket.send(JSON.stringify({ ...request, ...ids, transaction }));
    });
  }
}
