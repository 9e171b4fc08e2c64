import { EventEmitter } from 'node:events';
import { WebSocket } from 'ws';

/** The server's end of the WebSocket of a bot, which the test plays. */
export class FakeBotSocket extends EventEmitter {
  readyState: number = WebSocket.OPEN;
  /** What the network has not taken. */
  bufferedAmount = 0;
  readonly sent: (string | Buffer)[] = [];
  pings = 0;
  closeCode: number | undefined;

  /** As the server's code takes it. */
  get socket(): WebSocket {
    return this as unknown as WebSocket;
  }

  send(data: string | Buffer): void {
    this.sent.push(data);
  }

  ping(): void {
    this.pings++;
  }

  close(code: number): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.closeCode = code;
    this.readyState = WebSocket.CLOSED;
    this.emit('close', code);
  }

  terminate(): void {
    this.close(1006);
  }

  /** A message of the bot. */
  say(message: object): void {
    this.emit('message', Buffer.from(JSON.stringify(message)), false);
  }

  frame(bytes: ArrayBuffer): void {
    this.emit('message', Buffer.from(bytes), true);
  }

  /** The text messages since the last call. */
  takeAnswers(): { readonly type: string; readonly [field: string]: unknown }[] {
    return this.sent.splice(0).flatMap((each) => (typeof each === 'string' ? [JSON.parse(each)] : []));
  }
}
