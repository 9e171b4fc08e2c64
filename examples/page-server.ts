/** The server of an example's page, on this machine only: browsers open a microphone only on HTTPS pages and localhost. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type WebSocket, WebSocketServer } from 'ws';

const HOST = '127.0.0.1';

export interface PageServer {
  /** What to open. */
  readonly url: string;
  /** The origin that browsers send when the page connects to another server. */
  readonly origins: readonly string[];
  /** Accepts the page's WebSockets from now on. Longer messages end the connection before they are read. */
  acceptSockets(maxMessageBytes: number, onSocket: (socket: WebSocket) => void): void;
}

/**
 * Serves `index.html` and `SCRIPT.ts`, which the page loads as `/SCRIPT.js`.
 *
 * @param folder ends with a slash
 * @param port 0 is any free one
 */
export async function servePage(folder: URL, script: string, port: number): Promise<PageServer> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${script}.ts`, folder))],
    bundle: true,
    write: false,
    format: 'esm',
    sourcemap: 'inline',
  });
  const files = new Map([
    ['/', { type: 'text/html', body: await readFile(new URL('index.html', folder), 'utf8') }],
    [`/${script}.js`, { type: 'text/javascript', body: outputFiles[0]?.text ?? '' }],
  ]);
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': `${file.type}; charset=utf-8` }).end(file.body);
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  const own = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url: `${own}/`,
    origins: [own, own.replace('localhost', HOST)],
    acceptSockets: (maxPayload, onSocket) => {
      const verifyClient = ({ req }: { req: IncomingMessage }) => isFromOwnPage(req);
      new WebSocketServer({ server, maxPayload, verifyClient }).on('connection', onSocket);
    },
  };
}

/** Browsers let any page connect to any server. */
function isFromOwnPage({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
