/** Plays one file to a room, through a seat that nobody sees. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Cancel, type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import type { MemberState, RelayedSeat } from '../../media/plane.ts';
import type { PlayerEnd, PlayerInfo, Playing, PlayRequest } from '../../rooms/players.ts';
import type { Room } from '../../rooms/room.ts';
import type { SoundFile } from './sound-file.ts';

/** How much of the file waits in the worker, so that neither disk nor main thread is heard. */
const AHEAD_SAMPLES = 48_000;
const LOOK_EVERY_MS: Millis = 100;
/** The worker has passed on the last packet; the jitter buffer has not yet played it. */
const LAST_SOUND_MS: Millis = 200;
const SAMPLES_PER_MS = 48;
const SPEAKS: MemberState = { muted: false, deafened: true, hearing: [] };

export interface PlayerOptions {
  readonly room: Room;
  readonly request: PlayRequest;
  readonly file: SoundFile;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEnded: (player: Player, reason: PlayerEnd) => void;
}

export class Player implements Playing {
  readonly #options: PlayerOptions;
  readonly #id = randomUUID();
  readonly #startedAtMs: Millis;
  readonly #seat: RelayedSeat;
  #playedSamples = 0;
  #isOver = false;
  #cancelWaiting: Cancel = () => {};
  #wake: () => void = () => {};

  /** Takes a seat. Throws `media_unavailable` or `server_busy`. */
  constructor(options: PlayerOptions) {
    const { room, request, file, clock } = options;
    this.#options = options;
    this.#startedAtMs = clock.wallNow();
    this.#seat = room.media.connectRelayed({
      state: SPEAKS,
      kind: 'music',
      speaks: true,
      listens: false,
      loudness: { gain: 10 ** ((request.gainDb + file.gainDb) / 20), duckDb: request.duckDb },
      sink: {
        mix: () => {},
        played: (samples) => {
          this.#playedSamples = samples;
        },
      },
      events: {
        connected: () => {},
        silent: () => {},
        closed: () => this.end('media_failed'),
      },
    });
  }

  get info(): PlayerInfo {
    const { room, request } = this.#options;
    return {
      id: this.#id,
      room: room.name,
      ...request,
      startedAt: isoTime(this.#startedAtMs),
      playedMs: Math.round(this.#playedSamples / SAMPLES_PER_MS),
    };
  }

  /** Plays the file to its end, or until somebody ends it. */
  async run(): Promise<void> {
    const { file, request, log } = this.#options;
    try {
      do await this.#playOnce();
      while (request.loop && !this.#isOver);
      while (!this.#isOver && this.#seat.waitingSamples > 0) await this.#wait(LOOK_EVERY_MS);
      if (!this.#isOver) await this.#wait(LAST_SOUND_MS);
      this.end('finished');
    } catch (error) {
      if (!this.#isOver) log.error({ err: error, file: request.file }, 'a file cannot be played further');
      this.end('file_failed');
    } finally {
      await file.close().catch(() => {});
    }
  }

  end(reason: PlayerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#seat.close();
    this.#cancelWaiting();
    this.#wake();
    this.#options.onEnded(this, reason);
  }

  async #playOnce(): Promise<void> {
    let isEmpty = true;
    for await (const packet of this.#options.file.packets()) {
      isEmpty = false;
      while (!this.#isOver && this.#seat.waitingSamples >= AHEAD_SAMPLES) await this.#wait(LOOK_EVERY_MS);
      if (this.#isOver) return;
      this.#seat.enqueue(packet);
    }
    // Somebody may have emptied it meanwhile, and a loop would never rest.
    if (isEmpty) throw new Error('The file has no sound any more.');
  }

  #wait(ms: Millis): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#cancelWaiting = clock.setTimer(clock.now() + ms, resolve);
    });
  }
}
