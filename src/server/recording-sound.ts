import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Players } from '../rooms/players.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { settingsError } from './start-error.ts';

/** Throws `StartError` if there is a sound but no directory of sounds. */
export function checkRecordingSound({ recordingSound, playerDir }: Config): void {
  if (recordingSound !== '' && playerDir === '')
    throw settingsError(new Error('recording-sound is a file in player-dir, which is not set.'));
}

/** Plays the operator's sound to a room in which a recording begins. */
export function playRecordingSound(
  room: string,
  {
    sound,
    registry,
    players,
    log,
  }: { readonly sound: string; readonly registry: RoomRegistry; readonly players: Players; readonly log: Logger },
): void {
  if (sound === '') return;
  const play = async () => players.start(registry.room(room), { file: sound, loop: false, gainDb: 0, duckDb: 0 });
  play().catch((error: unknown) => log.error({ err: error, room }, 'the sound of a recording cannot be played'));
}
