import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { BotConnection, type BotOptions, type BotSocketClass, FRAME_SAMPLES } from '../web/sdk/bot/index.ts';
import { runCommand } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase, type PhaseOptions } from './lib/measured-phase.ts';
import type { Options, Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SETTLE_MS = 2000;
const PEOPLE = 10;
const TALKERS = 2;

type Kind = Pick<BotOptions, 'send' | 'receive' | 'format'>;

const KINDS: Readonly<Record<string, Kind>> = {
  'get the mix as Opus': { receive: 'mix', format: 'opus' },
  'get the mix as samples': { receive: 'mix', format: 'pcm' },
  'get the speakers as Opus': { receive: 'speakers', format: 'opus' },
  'get the speakers as samples': { receive: 'speakers', format: 'pcm' },
  'send samples': { send: 'pcm' },
};

const options = {
  bots: { kind: 'number', default: 40, min: 1, max: 80, description: 'of each kind, one kind after the other' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of each window' },
} as const satisfies Options;

await runCommand({
  name: 'bots',
  about: `What bots cost while ${PEOPLE} people are in the room and ${TALKERS} of them talk: CPU time of the whole server.`,
  options,
  run,
});

async function run({ bots: count, seconds }: Values<typeof options>): Promise<void> {
  warnIfBusy(describeMachine());
  const [start] = serversOf({ flags: ['--max-bots', '100', '--admin-token', TOKEN], workers: [1] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: TALKERS, dtx: 'as-asked' });
  const server = await start!();
  try {
    const room: PhaseOptions = { server, driver, settled: PEOPLE };
    await fillRoom(room, TALKERS);
    const measure = async (title: string): Promise<number> => {
      await sleep(SETTLE_MS);
      showProgress(`measuring with bots that ${title}`);
      const { figures } = await measurePhase(room, () => sleep(seconds * 1000));
      return figures.serverCpuPercent;
    };
    for (const [title, kind] of Object.entries(KINDS)) {
      // Each time again, because a server costs less after its first minute.
      const without = await measure('are not there');
      const connected = await Promise.all(Array.from({ length: count }, () => connect(server.webSocketUrl, kind)));
      const isOver = { now: false };
      if (kind.send !== undefined) for (const bot of connected) void keepSending(bot, isOver);
      const cpu = await measure(title);
      isOver.now = true;
      for (const bot of connected) bot.close();
      clearProgress();
      const each = ((cpu - without) / count).toFixed(2);
      console.log(`${count} bots that ${title}: ${each} % of a core each, beside ${without.toFixed(1)} % without them`);
    }
  } finally {
    await driver.ask({ type: 'leave' });
    driver.close();
    await server.close();
  }
}

function connect(webSocketUrl: string, kind: Kind): Promise<BotConnection> {
  const server = webSocketUrl.replace('ws', 'http');
  return BotConnection.connect({
    server,
    room: ROOM,
    token: TOKEN,
    WebSocket: WebSocket as unknown as BotSocketClass,
    ...kind,
  });
}

/** A quiet noise. */
async function keepSending(bot: BotConnection, isOver: { readonly now: boolean }): Promise<void> {
  function* frames(): Generator<Int16Array> {
    while (!isOver.now) yield Int16Array.from({ length: FRAME_SAMPLES }, () => Math.random() * 2000 - 1000);
  }
  await bot.play(frames());
}
