import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import pino from 'pino';
import { createHttpApp } from '../../../src/http/app.ts';
import { createAsset } from '../../../src/http/assets.ts';
import { type FuzzTarget, hold } from '../target.ts';

const PAGE = 'content of the page';
const STATUS = /^HTTP\/1\.1 (\d{3}) /;
const ALLOWED: ReadonlySet<string> = new Set(['200', '304', '400', '404', '405', '408', '413', '417', '421', '431']);
const NAME = 'example.org';
/** What has to be answered, and everything that may be. Addresses can be written in many ways (`0x7f.1`). */
const OURS = /^(?:example\.org|localhost|127\.0\.0\.1|\[::1\])(?::\d{1,4})?$/;
const PERHAPS_OURS = /^(?:example\.org|localhost|[\da-fx.]+|\[[\da-f:.]+\])\.?(?::\d*)?$/i;

const failures: string[] = [];
const log = pino({ level: 'error' }, { write: (line) => failures.push(line) });
const assets = new Map(['/index.html', '/main.js'].map((path) => [path, createAsset(path, Buffer.from(PAGE))]));
const metrics = { contentType: 'text/plain', scrape: async () => 'figures\n' };
const health = () => ({ status: 'ok' as const, version: '1', problems: [], rooms: 0, participants: 0, workers: [] });
const server = createServer(createHttpApp({ assets, health, metrics, log, allowHosts: [NAME] }).callback());
/** The requests on one connection, as Node's parser read them. */
let hosts: string[] = [];
server.prependListener('request', ({ headers }) => hosts.push(headers.host ?? ''));

/** Sends the bytes of one connection to Node's real parser and the app behind it. */
export const http: FuzzTarget = {
  name: 'http',
  files: ['src/http/app.ts', 'src/http/assets.ts', 'src/http/security-headers.ts'],
  maxBytes: 4000,
  maxMs: 25,
  seeds: () => [
    ...['/', '/room/lobby', '/main.js', '/healthz', '/metrics', '/room/%E9%83%A8?x=1', '/../../etc/passwd'].map(
      (path) => get(path, NAME),
    ),
    ...['localhost:8080', '127.0.0.1', '[::1]:80', 'evil.example', `${NAME}.evil.example`].map((host) =>
      get('/', host),
    ),
  ],
  tokens: [
    ...[
      'GET ',
      'HEAD ',
      'POST ',
      'OPTIONS * ',
      'CONNECT x:1 ',
      ' HTTP/1.0\r\n',
      ' HTTP/1.1\r\n',
      '\r\n',
      '\r\n\r\n',
      '\n',
    ],
    ...['/', '..', '%2e%2e%2f', '%', '%00', '%ff', '//', '\\', '/room/', '?', '#', 'http://[', '://', '/__proto__'],
    ...[
      'Host: ',
      'Host: ]\r\n',
      'evil.example',
      'If-None-Match: *\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    ...['Expect: 100-continue\r\n', 'Connection: close\r\n', 'Range: bytes=0-\r\n', 'Upgrade: websocket\r\n', '\u00e9'],
  ],
  run: async (input) => {
    failures.length = 0;
    hosts = [];
    const answer = await ask(input);
    hold(failures.length === 0, `nothing fails: ${failures[0]}`);
    if (answer === '') return;
    const status = STATUS.exec(answer)?.[1] ?? '';
    // 100 and 101 do not come from us. Every other status is ours or comes from Node's parser.
    hold(ALLOWED.has(status) || status === '100', `the status is an intended one, not ${status}`);
    hold(!answer.includes('root:'), 'no file of the machine is shown');
    const [host = ''] = hosts;
    if (status === '421') hold(!OURS.test(host), `the server goes by the name ${host}`);
    const fromApp = /^(?:200|304|404|405)$/.test(status);
    if (fromApp) hold(PERHAPS_OURS.test(host), `the server does not go by the name ${host}`);
    if (fromApp) hold(/^content-security-policy:/im.test(answer), 'a response of the app has its security headers');
  },
};

function get(path: string, host: string): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
}

function ask(input: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const connection = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        answer += chunk.toString('latin1');
        done();
      },
      final: (done) => done(),
    });
    connection.on('close', () => resolve(answer));
    connection.on('error', () => {});
    server.emit('connection', connection);
    connection.push(input);
    connection.push(null);
    // A request that is still incomplete gets no answer.
    setImmediate(() => setImmediate(() => setImmediate(() => connection.destroy())));
  });
}
