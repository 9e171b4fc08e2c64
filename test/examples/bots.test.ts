import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { BotConnection, type BotFrame, type BotOptions, type BotSocketClass } from '../../web/sdk/bot/index.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { concatInt16, rmsDbfs, toInt16, tone, toneLevelDbfs } from '../helpers/signal.ts';
import { oggOf, tonePackets } from '../helpers/sound-file.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A server, the examples as `npm run` starts them, and a bot that listens or speaks beside them. */
async function setUp(t: Test) {
  const server = await startServer(['--admin-token', TOKEN, '--max-bots', '5'], { logLevel: 'error' });
  t.teardown(() => server.close());
  const start = (name: string, ...flags: string[]) => {
    const program = ['--import', 'tsx', `examples/${name}/main.ts`, '--server', server.url, '--room', 'lobby'];
    const child: ChildProcess = spawn(process.execPath, [...program, ...flags], {
      cwd: ROOT,
      env: { ...process.env, PARTYLINE_BOT_TOKEN: TOKEN },
    });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (output += data));
    const ended = once(child, 'exit').then(([code]) => code as number);
    t.teardown(async () => {
      child.kill();
      await ended;
    });
    const says = (what: RegExp) => eventually(() => what.test(output) || `it says: ${output}`);
    return { child, ended, says, output: () => output };
  };
  const connect = async (options: Partial<BotOptions>) => {
    const bot = await BotConnection.connect({
      server: server.url,
      room: 'lobby',
      token: TOKEN,
      WebSocket: WebSocket as unknown as BotSocketClass,
      ...options,
    });
    t.teardown(() => bot.close());
    const frames: BotFrame[] = [];
    bot.on('frame', (frame) => frames.push(frame));
    return { bot, heard: () => concatInt16(frames.map(({ samples }) => samples!)) };
  };
  return { start, connect };
}

function* toneFrames(frames: number): Generator<Int16Array> {
  const all = toInt16(tone({ frequencyHz: 700, samples: frames * 960 }));
  for (let n = 0; n < frames; n++) yield all.slice(n * 960, (n + 1) * 960);
}

test('bot-music plays its melody to the end, and leaves', async (t) => {
  const { start, connect } = await setUp(t);
  const { heard } = await connect({ receive: 'mix', format: 'pcm' });
  const music = start('bot-music');
  t.equal(await music.ended, 0);
  t.match(music.output(), /^Music plays in lobby\.\nAll of it has been played\.\n$/);
  t.ok(rmsDbfs(heard()) > -50);
});

test('bot-music plays what ffmpeg reads', { skip: skipIfMissing(missingPackages(['ffmpeg'])) }, async (t) => {
  const { start, connect } = await setUp(t);
  const file = join(t.testdir(), 'a.opus');
  await writeFile(file, oggOf(tonePackets(700, 100)));
  const { heard } = await connect({ receive: 'mix', format: 'pcm' });
  t.equal(await start('bot-music', '--file', file).ended, 0);
  const middle = heard();
  t.ok(toneLevelDbfs(middle.subarray(middle.length / 2 - 9600, middle.length / 2), 700) > -40);
});

test('bot-scribe writes down who spoke, and for how long', async (t) => {
  const { start, connect } = await setUp(t);
  const scribe = start('bot-scribe');
  await scribe.says(/^Scribe listens in lobby\.$/m);
  const { bot } = await connect({ name: 'Ada', send: 'pcm' });
  t.equal(await bot.play(toneFrames(100)), true);
  await scribe.says(/^\d\d:\d\d:\d\d Ada: [123]\.\d s$/m);
  scribe.child.kill('SIGINT');
  t.equal(await scribe.ended, 0);
});

test('bot-assistant answers who has spoken', async (t) => {
  const { start, connect } = await setUp(t);
  const assistant = start('bot-assistant');
  await assistant.says(/^Assistant listens in lobby\.$/m);
  const { bot, heard } = await connect({ name: 'Ada', send: 'pcm', receive: 'mix', format: 'pcm' });
  await bot.play(toneFrames(100));
  await assistant.says(/^Ada, you spoke for [123]\.\d seconds\.\nAnswered\.$/m);
  t.ok(toneLevelDbfs(heard().subarray(-15_000), 880) > -50);
});

test('bot-assistant speaks', { skip: skipIfMissing(missingPackages(['espeak-ng'])) }, async (t) => {
  const { start, connect } = await setUp(t);
  const assistant = start('bot-assistant', '--speak');
  await assistant.says(/listens/);
  const { bot, heard } = await connect({ name: 'Ada', send: 'pcm', receive: 'mix', format: 'pcm' });
  await bot.play(toneFrames(100));
  await assistant.says(/^Answered\.$/m);
  t.ok(rmsDbfs(heard()) > -50);
});
