/** What is played to a room from files. */
import type { z } from 'zod';
import type { playerSchema } from '../protocol/api/player-schemas.ts';
import type { Room } from './room.ts';

export type PlayerInfo = z.output<typeof playerSchema>;

/** Why a player has ended. */
export type PlayerEnd = 'finished' | 'stopped' | 'room_closed' | 'server_closing' | 'media_failed' | 'file_failed';

export interface PlayRequest {
  readonly file: string;
  readonly loop: boolean;
  readonly gainDb: number;
  readonly duckDb: number;
}

/** Something that plays to a room. */
export interface Playing {
  readonly info: PlayerInfo;
  end(reason: PlayerEnd): void;
}

/** The players of one room. */
export class RoomPlayers {
  readonly #all = new Map<string, Playing>();
  #isClosed = false;

  /** The room is closed, and nothing may be added. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get all(): readonly Playing[] {
    return [...this.#all.values()];
  }

  get(id: string): Playing | undefined {
    return this.#all.get(id);
  }

  add(playing: Playing): void {
    this.#all.set(playing.info.id, playing);
  }

  delete(id: string): void {
    this.#all.delete(id);
  }

  close(reason: PlayerEnd): void {
    this.#isClosed = true;
    for (const playing of this.all) playing.end(reason);
  }
}

/** The players of the server. */
export interface Players {
  /** The names of the files that can be played. Rejects with `players_off`. */
  files(): Promise<readonly string[]>;
  /**
   * Rejects with `players_off`, `unknown_sound`, `unsupported_media`, `too_many_players`, `media_unavailable` or
   * `server_busy`.
   */
  start(room: Room, request: PlayRequest): Promise<PlayerInfo>;
}
