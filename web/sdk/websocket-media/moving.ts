/** The sound while the server leads this client to another one, where the room goes on. */
import type { Environment } from '../environment.ts';

/** From when the next server is heard: others may need longer to get there. */
const OVERLAP_MS = 1000;
/** The server that we come from lets go by then. */
const LIMIT_MS = 8000;

/**
 * The connection to the server that we come from plays, and sends our voice, until a moment after the next one works. So
 * everyone who moves is heard by those who have and by those who have not.
 */
export class Moving {
  readonly #environment: Pick<Environment, 'setTimer'>;
  #isThere = false;
  #isLed = false;
  #before: RTCPeerConnection | null = null;
  /** Plays the next connection. */
  #show: (() => void) | null = null;
  #cancel = () => {};

  constructor(environment: Pick<Environment, 'setTimer'>) {
    this.#environment = environment;
  }

  /** What a server says on a new WebSocket. */
  watch(socket: Pick<WebSocket, 'addEventListener'>): void {
    const wasThere = this.#isThere;
    this.#isThere = false;
    this.#isLed &&= wasThere;
    socket.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') return;
      if (data.startsWith('{"type":"joined"')) this.#isThere = true;
      else if (data.startsWith('{"type":"redirect"')) this.#isLed = this.#isThere;
    });
  }

  /** The client lets go of a connection. Returns whether it goes on nevertheless. */
  keeps(real: RTCPeerConnection): boolean {
    this.end();
    // Who leaves before they are there is heard nowhere any more.
    const keeps = this.#isLed && this.#isThere && real.connectionState === 'connected';
    this.#isLed = false;
    if (!keeps) return false;
    this.#before = real;
    this.#cancel = this.#environment.setTimer(LIMIT_MS, () => this.end());
    return true;
  }

  /** There is something to play: now or later. */
  play(show: () => void): void {
    if (this.#before === null) show();
    else this.#show = show;
  }

  /** The next connection works. */
  connected(): void {
    if (this.#show === null) return;
    this.#cancel();
    this.#cancel = this.#environment.setTimer(OVERLAP_MS, () => this.end());
  }

  /** The connection to the server that we come from is closed, and the next one plays. */
  end(): void {
    this.#cancel();
    const show = this.#show;
    this.#show = null;
    this.#before?.close();
    this.#before = null;
    show?.();
  }
}
