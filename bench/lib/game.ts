import { WebSocket } from 'ws';
import { positionFrame } from '../../test/helpers/position-frame.ts';
import { createPrng } from '../../test/helpers/prng.ts';
import { ROOM } from './servers.ts';

/** Positions come at 10 Hz. */
const MOVE_MS = 100;

interface GameOptions {
  readonly webSocketUrl: string;
  readonly adminToken: string;
  /** Everybody stands in a square of this size. */
  readonly widthM: number;
}

/** The game server, which moves everybody at random. */
export class Game {
  readonly #socket: WebSocket;
  readonly #timer: NodeJS.Timeout;

  private constructor(socket: WebSocket, players: number, widthM: number) {
    this.#socket = socket;
    const prng = createPrng(1);
    const place = () => [widthM * prng(), 1.7, widthM * prng()] as const;
    const move = () => {
      const all = Array.from({ length: players }, (_, number) => ({ number, at: place(), yaw: 360 * prng() - 180 }));
      socket.send(positionFrame(all));
    };
    this.#timer = setInterval(move, MOVE_MS);
  }

  static async start({ webSocketUrl, adminToken, widthM }: GameOptions): Promise<Game> {
    const api = new URL(`/api/v1/rooms/${ROOM}/`, webSocketUrl.replace('ws:', 'http:'));
    const headers = { authorization: `Bearer ${adminToken}` };
    const answer = await fetch(new URL('participants', api), { headers });
    const { participants } = (await answer.json()) as { participants: readonly { readonly id: string }[] };
    const socket = new WebSocket(new URL('control', api.href.replace('http:', 'ws:')), { headers });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('message', (data) => {
      if (String(data).includes('"error"')) throw new Error(String(data));
    });
    socket.send(JSON.stringify({ type: 'space', rules: {} }));
    const numbers = Object.fromEntries(participants.map(({ id }, number) => [id, number]));
    socket.send(JSON.stringify({ type: 'numbers', numbers }));
    return new Game(socket, participants.length, widthM);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.terminate();
  }
}
