import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ClientMessageInput } from '../../src/protocol/messages.ts';

/** One participant without media, who reads everything and understands hardly anything. */
export class LightClient {
  readonly socket: WebSocket;
  readonly #openedMs = performance.now();
  joinMs = Number.NaN;
  joinedBytes = 0;
  receivedBytes = 0;
  isCutOff = false;

  constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    this.socket.on('error', () => {});
  }

  send(message: ClientMessageInput): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Resolves when the server has answered; a refusal counts as cut off. */
  async join(room: string, name: string, pages: boolean): Promise<void> {
    await once(this.socket, 'open');
    await new Promise<void>((resolve) => {
      this.socket.on('close', () => {
        this.isCutOff = true;
        resolve();
      });
      this.socket.on('message', (data: Buffer) => {
        this.receivedBytes += data.length;
        if (this.joinedBytes > 0 || !data.subarray(0, 16).includes('"joined"')) return;
        this.joinedBytes = data.length;
        this.joinMs = performance.now() - this.#openedMs;
        resolve();
      });
      this.send({ type: 'join', room, name, batches: true, chat: true, data: true, pages });
    });
  }
}
