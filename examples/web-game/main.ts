/** Starts the game: `npm run example:web-game`, with `-- --help` for the flags. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { WebSocketServer } from 'ws';
import { Game } from './game.ts';
import { MAX_MESSAGE_BYTES } from './messages.ts';
import { startPartyline } from './partyline.ts';

const USAGE = `npm run example:web-game -- [FLAGS]
  --port PORT               of the page; 3000 by default, 0 for any free one
  --partyline URL           uses this voice server instead of starting one. It needs a token secret, and the origin of
                            the page in --allow-origins
  --admin-token-file FILE   the admin token of that voice server
`;
const HOST = '127.0.0.1';
const PAGE = new URL('page/', import.meta.url);

/** What the browser loads, by path. */
async function buildPage(): Promise<ReadonlyMap<string, { readonly type: string; readonly body: string }>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('game.ts', PAGE))],
    bundle: true,
    write: false,
    format: 'esm',
    sourcemap: 'inline',
  });
  return new Map([
    ['/', { type: 'text/html', body: await readFile(new URL('index.html', PAGE), 'utf8') }],
    ['/game.js', { type: 'text/javascript', body: outputFiles[0]?.text ?? '' }],
  ]);
}

/** Browsers let any page connect to any server. This lets in only the page of this one. */
function isFromOwnPage({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

async function runningServer(url: string, adminTokenFile: string) {
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
const page = await buildPage();
const http = createServer((request, response) => {
  const file = page.get(request.url ?? '');
  if (file === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': `${file.type}; charset=utf-8` }).end(file.body);
});
http.listen(Number(values.port), HOST);
await once(http, 'listening');
const { port } = http.address() as AddressInfo;
const voiceServer =
  values.partyline === undefined
    ? await startPartyline([`http://localhost:${port}`, `http://${HOST}:${port}`])
    : await runningServer(values.partyline, values['admin-token-file']);
const game = new Game({ voiceServer: voiceServer.url, adminToken: voiceServer.adminToken });
await game.open();
new WebSocketServer({
  server: http,
  maxPayload: MAX_MESSAGE_BYTES,
  verifyClient: ({ req }: { req: IncomingMessage }) => isFromOwnPage(req),
}).on('connection', (socket) => game.connect(socket));
console.log(`Open http://localhost:${port}/ in two windows.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    game.close();
    await voiceServer.stop();
    process.exit();
  });
}
