import pino from 'pino';
import { test } from 'tap';
import type { Config } from '../../src/config/config.ts';
import type { Players, PlayRequest } from '../../src/rooms/players.ts';
import { checkRecordingSound, playRecordingSound } from '../../src/server/recording-sound.ts';
import { openRegistry } from '../helpers/open-registry.ts';

test('the sound of recordings is played to the room, if there is one', async (t) => {
  const { registry } = openRegistry();
  registry.create({ name: 'lobby', locked: false });
  const played: [string, PlayRequest][] = [];
  const players: Players = {
    files: async () => [],
    start: async (room, request) => {
      played.push([room.name, request]);
      throw new Error('planted');
    },
  };
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  playRecordingSound('lobby', { sound: '', registry, players, log });
  t.same(played, []);
  playRecordingSound('Lobby', { sound: 'gong.opus', registry, players, log });
  playRecordingSound('nowhere', { sound: 'gong.opus', registry, players, log });
  await new Promise(setImmediate);
  t.same(played, [['lobby', { file: 'gong.opus', loop: false, gainDb: 0, duckDb: 0 }]]);
  t.equal(lines.length, 2, 'a failure is logged, and nothing else');
  registry.close();
});

test('it needs a directory', (t) => {
  const check = (recordingSound: string, playerDir: string) =>
    checkRecordingSound({ recordingSound, playerDir } as Config);
  t.throws(() => check('gong.opus', ''), /player-dir/);
  t.doesNotThrow(() => check('gong.opus', '/srv/sounds'));
  t.doesNotThrow(() => check('', ''));
  t.end();
});
