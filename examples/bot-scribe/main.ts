/** Writes down who spoke when: `npm run example:bot-scribe`, with `-- --help` for the flags. */
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { BotConnection, type BotSocketClass } from '../../web/sdk/bot/index.ts';

const USAGE = `npm run example:bot-scribe -- [FLAGS]
  --server URL    http://localhost:8080 by default
  --room ROOM     lobby by default
  --name NAME     Scribe by default
  --token TOKEN   the admin token, or a join token for a bot; PARTYLINE_BOT_TOKEN by default

Everybody in the room is told that they are listened to. End it with Ctrl-C.
`;
const SAMPLE_RATE = 48_000;

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://localhost:8080' },
    room: { type: 'string', default: 'lobby' },
    name: { type: 'string', default: 'Scribe' },
    token: { type: 'string', default: process.env['PARTYLINE_BOT_TOKEN'] ?? '' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const bot = await BotConnection.connect({
    ...values,
    ...{ receive: 'speakers', WebSocket: WebSocket as unknown as BotSocketClass },
  });
  const startedAt = Date.now();
  /** Participant → when they began to speak. */
  const began = new Map<string, number>();
  bot.on('speaking', ({ speaker: { participantId, name }, speaking, time }) => {
    if (speaking) {
      began.set(participantId, time);
      return;
    }
    const from = began.get(participantId) ?? time;
    began.delete(participantId);
    const clock = new Date(startedAt + ((from - bot.startTime) * 1000) / SAMPLE_RATE).toISOString().slice(11, 19);
    console.log(`${clock} ${name}: ${((time - from) / SAMPLE_RATE).toFixed(1)} s`);
  });
  bot.on('closed', (reason) => {
    console.log(reason === '' ? 'The connection has ended.' : `The connection has ended: ${reason}.`);
  });
  process.once('SIGINT', () => bot.close());
  process.once('SIGTERM', () => bot.close());
  console.log(`${values.name} listens in ${bot.room}.`);
}
