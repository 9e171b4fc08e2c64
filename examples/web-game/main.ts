/** Starts the game: `npm run example:web-game`, with `-- --help` for the flags. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { servePage } from '../page-server.ts';
import { Game } from './game.ts';
import { MAX_MESSAGE_BYTES } from './messages.ts';
import { startPartyline, type VoiceServer } from './partyline.ts';

const USAGE = `npm run example:web-game -- [FLAGS]
  --port PORT               of the page; 3000 by default, 0 for any free one
  --partyline URL           uses this voice server instead of starting one. It needs a token secret, and the origin of
                            the page in --allow-origins
  --admin-token-file FILE   the admin token of that voice server
`;

async function runningServer(url: string, adminTokenFile: string): Promise<VoiceServer> {
  const adminToken = (await readFile(adminTokenFile, 'utf8')).trim();
  return { url: url.replace(/\/$/, ''), adminToken, stop: async () => {} };
}

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    partyline: { type: 'string' },
    'admin-token-file': { type: 'string', default: 'admin.token' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const page = await servePage(new URL('page/', import.meta.url), 'game', Number(values.port));
const voiceServer =
  values.partyline === undefined
    ? await startPartyline(page.origins)
    : await runningServer(values.partyline, values['admin-token-file']);
const game = new Game({ voiceServer: voiceServer.url, adminToken: voiceServer.adminToken });
await game.open();
page.acceptSockets(MAX_MESSAGE_BYTES, (socket) => game.connect(socket));
console.log(`Open ${page.url} in two windows.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    game.close();
    await voiceServer.stop();
    process.exit();
  });
}
