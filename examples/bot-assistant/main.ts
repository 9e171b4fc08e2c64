/**
 * Listens to each speaker, and answers when they have finished: `npm run example:bot-assistant`, with `-- --help` for
 * the flags. Speech recognition and a language model belong where `answerTo` is.
 */
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { BotConnection, type BotSocketClass } from '../../web/sdk/bot/index.ts';
import { speechFrames, toneFrames } from './frames.ts';

const USAGE = `npm run example:bot-assistant -- [FLAGS]
  --server URL    http://localhost:8080 by default
  --room ROOM     lobby by default
  --name NAME     Assistant by default
  --token TOKEN   the admin token, or a join token for a bot; PARTYLINE_BOT_TOKEN by default
  --speak         answers in words, for which espeak-ng must be installed; without it, with a tone

Everybody in the room is told that they are listened to. End it with Ctrl-C.
`;
const SAMPLE_RATE = 48_000;
/** What is shorter was no question. */
const LEAST_SAMPLES = 0.3 * SAMPLE_RATE;

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://localhost:8080' },
    room: { type: 'string', default: 'lobby' },
    name: { type: 'string', default: 'Assistant' },
    token: { type: 'string', default: process.env['PARTYLINE_BOT_TOKEN'] ?? '' },
    speak: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The sentence to say to somebody who spoke so many samples. */
function answerTo(name: string, heard: readonly Int16Array[]): string {
  const seconds = heard.reduce((sum, { length }) => sum + length, 0) / SAMPLE_RATE;
  return `${name}, you spoke for ${seconds.toFixed(1)} seconds.`;
}

if (values.help) {
  console.log(USAGE);
} else {
  const bot = await BotConnection.connect({
    ...values,
    ...{ send: 'pcm', receive: 'speakers', format: 'pcm', WebSocket: WebSocket as unknown as BotSocketClass },
  });
  /** By number: what each speaker has said since they began. */
  const heard = new Map<number, Int16Array[]>();
  bot.on('frame', ({ speaker, samples }) => {
    if (samples !== undefined) heard.get(speaker)?.push(samples);
  });
  bot.on('speaking', ({ speaker: { speaker, name }, speaking }) => {
    if (speaking) {
      heard.set(speaker, []);
      // Whoever speaks interrupts the assistant.
      bot.clear();
      return;
    }
    const frames = heard.get(speaker) ?? [];
    heard.delete(speaker);
    if (frames.reduce((sum, { length }) => sum + length, 0) >= LEAST_SAMPLES) void answer(answerTo(name, frames));
  });
  const answer = async (sentence: string): Promise<void> => {
    console.log(sentence);
    const isPlayed = await bot.play(values.speak ? await speechFrames(sentence) : toneFrames());
    console.log(isPlayed ? 'Answered.' : 'Interrupted.');
  };
  bot.on('closed', (reason) => console.log(reason === '' ? 'The connection has ended.' : `It has ended: ${reason}.`));
  process.once('SIGINT', () => bot.close());
  process.once('SIGTERM', () => bot.close());
  console.log(`${values.name} listens in ${bot.room}.`);
}
