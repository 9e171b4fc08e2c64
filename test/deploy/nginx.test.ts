import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { WebSocket } from 'ws';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { startNginx } from '../helpers/nginx.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const SNIPPET = readFileSync(new URL('../../deploy/nginx/partyline.conf', import.meta.url), 'utf8');

function replaced(given: string, pattern: RegExp, by: string): string {
  if (!pattern.test(given)) throw new Error(`the snippet has nothing like ${pattern}`);
  return given.replace(pattern, by);
}

test('behind nginx as configured in deploy/nginx', { skip: skipIfMissing(missingPackages(['nginx'])) }, async (t) => {
  const directory = t.testdir({ nginx: {} });
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', '127.0.0.1', '--workers', '0', '--trust-proxy', '127.0.0.1'],
    // This way only the snippet keeps an idle WebSocket open.
    ...['--max-connections-per-address', '1', '--ping-interval-ms', '600000'],
  ]);
  t.teardown(() => server.stop());
  const nginx = await startNginx({
    directory: join(directory, 'nginx'),
    http: ['proxy_read_timeout 1s;', 'proxy_send_timeout 1s;'],
    configuration: ({ http, https }) => {
      let site = replaced(SNIPPET, /127\.0\.0\.1:8080/, new URL(server.url).host);
      site = replaced(site, /^ *listen \[::\].*\n/gm, '');
      site = replaced(site, /listen 80;/, `listen 127.0.0.1:${http};`);
      site = replaced(site, /listen 443 /, `listen 127.0.0.1:${https} `);
      return replaced(site, /\/etc\/letsencrypt\/.*\/(?:fullchain|privkey)\.pem/g, '').replace(
        /(ssl_certificate(?:_key)?) +;/g,
        (_line, name) => `${name} ${name === 'ssl_certificate' ? 'cert' : 'key'}.pem;`,
      );
    },
  });
  t.teardown(() => nginx.close());
  const origin = `https://127.0.0.1:${nginx.httpsPort}`;
  const get = async (path: string, options: RequestOptions = {}) => {
    const sent = request(`${origin}${path}`, { ca: nginx.certificate, ...options }).end();
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  };
  /** Connects from an address of this machine, with claims of a client about itself. */
  const open = async (localAddress: string, claims: Record<string, string> = {}) => {
    const socket = new WebSocket(`${origin.replace('https', 'wss')}/ws`, {
      ca: nginx.certificate,
      localAddress,
      headers: { Origin: origin, ...claims },
    });
    const messages: ServerMessage[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data)) as ServerMessage));
    await once(socket, 'open');
    return { socket, messages };
  };
  const closed = async (socket: WebSocket) => {
    socket.close();
    await once(socket, 'close');
  };

  await t.test('the page is served over HTTPS, and over nothing else', async (t) => {
    for (const path of ['/', '/room/lobby']) {
      const { status, headers, body } = await get(path);
      t.equal(status, 200, path);
      t.match(headers, { 'content-type': /^text\/html/, 'content-security-policy': /default-src/ });
      t.match(body, /<script/);
    }
    const plain = requestHttp(`http://127.0.0.1:${nginx.httpPort}/room/lobby?x=1`).end();
    const [{ statusCode, headers }] = await once(plain, 'response');
    t.match({ statusCode, headers }, { statusCode: 301, headers: { location: 'https://127.0.0.1/room/lobby?x=1' } });
    t.equal((await get('/healthz')).status, 200);
    t.equal((await get('/metrics')).status, 404, 'figures are not public');
  });

  await t.test('the page may open the WebSocket, which stays open when nothing is sent', async (t) => {
    const { socket, messages } = await open('127.0.0.1');
    socket.send(JSON.stringify({ type: 'join', room: 'lobby', name: 'Ada' }));
    await once(socket, 'message');
    t.match(messages, [{ type: 'joined', room: 'lobby', participants: [{ name: 'Ada' }] }]);
    await sleep(3000);
    t.equal(socket.readyState, WebSocket.OPEN, 'three times the usual idle timeout');
    socket.send(JSON.stringify({ type: 'ping', id: 3 }));
    await once(socket, 'message');
    t.match(messages.at(-1), { type: 'pong', id: 3 });
    await closed(socket);
  });

  await t.test('pages of other sites may not', async (t) => {
    await t.rejects(open('127.0.0.1', { Origin: 'https://elsewhere.example' }), /403/);
  });

  await t.test("limits count by the client's address, whatever it claims", async (t) => {
    const ada = await open('127.0.0.2');
    await t.rejects(open('127.0.0.2'), /503/, 'a second connection from the same address');
    await t.rejects(open('127.0.0.2', { 'X-Forwarded-For': '198.51.100.9' }), /503/, 'which claims to be another');
    const ben = await open('127.0.0.3');
    t.equal(ben.socket.readyState, WebSocket.OPEN, 'another address');
    await closed(ada.socket);
    await closed(ben.socket);
  });
});
