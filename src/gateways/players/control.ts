/** Plays files of one directory to rooms. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { MAX_MUSIC } from '../../media/plane.ts';
import type { PlayerEnd, PlayerInfo, Players, PlayRequest } from '../../rooms/players.ts';
import type { Room } from '../../rooms/room.ts';
import { Converter } from './converter.ts';
import { Player } from './player.ts';
import { SoundFile } from './sound-file.ts';

/** Those that a room can hear at a time. */
const MAX_PLAYERS = MAX_MUSIC;
const MAX_FILES = 1000;

export interface FilePlayersOptions {
  /** Empty: nothing is played. */
  readonly directory: string;
  /** Of files that are not Ogg Opus; with ffmpeg by default. */
  readonly converter?: Converter;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ended: (player: PlayerInfo, reason: PlayerEnd) => void;
}

export class FilePlayers implements Players {
  readonly #options: FilePlayersOptions;
  readonly #converter: Converter;
  /** Rooms for which a file is being opened. */
  readonly #opening = new Map<Room, number>();

  constructor(options: FilePlayersOptions) {
    this.#options = options;
    this.#converter = options.converter ?? new Converter(options);
  }

  async files(): Promise<readonly string[]> {
    const { directory } = this.#options;
    if (directory === '') throw new AppError('players_off');
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    // A link could lead out of the directory.
    const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
    return names.sort().slice(0, MAX_FILES);
  }

  async start(room: Room, request: PlayRequest): Promise<PlayerInfo> {
    const known = await this.files();
    // What a client asks for is only compared, so that it is never a path.
    const name = known.find((each) => each === request.file);
    if (name === undefined) throw new AppError('unknown_sound');
    this.#checkPlace(room);
    this.#opening.set(room, (this.#opening.get(room) ?? 0) + 1);
    try {
      return await this.#play(room, name, request);
    } finally {
      const left = (this.#opening.get(room) ?? 1) - 1;
      if (left > 0) this.#opening.set(room, left);
      else this.#opening.delete(room);
    }
  }

  /** Forgets what was converted. */
  close(): Promise<void> {
    return this.#converter.close();
  }

  async #play(room: Room, name: string, request: PlayRequest): Promise<PlayerInfo> {
    const { clock, log, ended } = this.#options;
    const file = await this.#open(name);
    try {
      if (room.players.isClosed) throw new AppError('unknown_room');
      const player = new Player({
        room,
        request,
        file,
        clock,
        log,
        onEnded: (over, reason) => {
          const { info } = over;
          room.players.delete(info.id);
          log.info({ room: room.name, file: name, reason }, 'player ended');
          ended(info, reason);
        },
      });
      room.players.add(player);
      log.info({ room: room.name, file: name }, 'player started');
      void player.run();
      return player.info;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #open(name: string): Promise<SoundFile> {
    const { directory, log } = this.#options;
    const path = join(directory, name);
    try {
      const file = (await SoundFile.open(path)) ?? (await SoundFile.open(await this.#converter.convert(path)));
      if (file !== null) return file;
    } catch (error) {
      if (error instanceof AppError) throw error;
      log.warn({ err: error, file: name }, 'a sound cannot be read');
      throw new AppError('unknown_sound');
    }
    throw new AppError('unsupported_media');
  }

  #checkPlace(room: Room): void {
    if (room.players.all.length + (this.#opening.get(room) ?? 0) >= MAX_PLAYERS) throw new AppError('too_many_players');
  }
}
