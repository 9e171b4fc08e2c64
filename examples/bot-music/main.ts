/** Plays a file, or a melody, into a room and leaves: `npm run example:bot-music`, with `-- --help` for the flags. */
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { BotConnection, type BotSocketClass } from '../../web/sdk/bot/index.ts';
import { fileFrames, melodyFrames } from './frames.ts';

const USAGE = `npm run example:bot-music -- [FLAGS]
  --server URL    http://localhost:8080 by default
  --room ROOM     lobby by default
  --name NAME     Music by default
  --token TOKEN   the admin token, or a join token for a bot; PARTYLINE_BOT_TOKEN by default
  --file FILE     anything that ffmpeg can read; without it, a melody
`;

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://localhost:8080' },
    room: { type: 'string', default: 'lobby' },
    name: { type: 'string', default: 'Music' },
    token: { type: 'string', default: process.env['PARTYLINE_BOT_TOKEN'] ?? '' },
    file: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const { file, ...where } = values;
  const bot = await BotConnection.connect({
    ...where,
    ...{ send: 'pcm', source: 'music', WebSocket: WebSocket as unknown as BotSocketClass },
  });
  console.log(`${where.name} plays in ${bot.room}.`);
  const isPlayed = await bot.play(file === undefined ? melodyFrames() : fileFrames(file));
  console.log(isPlayed ? 'All of it has been played.' : 'The rest was not played.');
  bot.close();
}
