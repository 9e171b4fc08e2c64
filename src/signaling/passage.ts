/**
 * A client whose room another server has: what it sends goes there, and what comes from there goes to it. The room's
 * server checks and counts it as if it had come by itself, pings it, and learns how it has gone.
 */
import { WebSocket } from 'ws';

/** More than that waits for a side that reads slowly: the other side is not read meanwhile. */
const MAX_WAITING_BYTES = 65_536;
/** RFC 6455 section 7.4.1: a close without a code, and none at all. */
const NO_CODE = 1005;
const NO_CLOSE = 1006;

export class Passage {
  readonly #here: WebSocket;
  readonly #there: WebSocket;

  /** @param here the client, whose messages nobody else may listen to. @param there does not answer pings by itself. */
  constructor(here: WebSocket, there: WebSocket) {
    this.#here = here;
    this.#there = there;
    carry(here, there);
    carry(there, here);
    // A client is alive if it answers the room's server. Its own pings are answered here, and counted there.
    there.on('ping', (data: Buffer) => here.readyState === WebSocket.OPEN && here.ping(data));
    here.on('pong', (data: Buffer) => there.readyState === WebSocket.OPEN && there.pong(data));
    here.on('ping', (data: Buffer) => there.readyState === WebSocket.OPEN && there.ping(data));
    there.on('close', (code: number, reason: Buffer) => end(here, code, reason));
  }

  send(message: object): void {
    this.#there.send(JSON.stringify(message));
  }

  /** The client has closed its WebSocket with this code. Without one, the participant can come back. */
  close(code: number = NO_CLOSE): void {
    this.#here.removeAllListeners('message');
    end(this.#there, code);
  }
}

function carry(from: WebSocket, to: WebSocket): void {
  from.on('message', (data, isBinary) => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(data as Buffer, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount <= MAX_WAITING_BYTES) from.resume();
    });
    if (to.bufferedAmount > MAX_WAITING_BYTES) from.pause();
  });
}

function end(socket: WebSocket, code: number, reason?: Buffer): void {
  // Else it would not read the answer.
  socket.resume();
  if (code === NO_CLOSE) socket.terminate();
  else if (code === NO_CODE) socket.close();
  else socket.close(code, reason);
}
