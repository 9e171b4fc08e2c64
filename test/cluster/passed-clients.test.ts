import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Test, test } from 'tap';
import { WebSocketServer } from 'ws';
import type { NodeRecord } from '../../src/cluster/node-record.ts';
import { type PassedClient, PassedClients } from '../../src/cluster/passed-clients.ts';
import { systemClock as clock } from '../../src/lib/clock.ts';
import { eventually } from '../helpers/eventually.ts';

const SECRET = 'a secret of the cluster with 32 bytes or more';
const URL = 'wss://n2.example.org/ws';
const ADA: PassedClient = { address: '192.0.2.7', isRemote: true };

function node(port: number): NodeRecord {
  return {
    node: 'n2',
    incarnation: '1',
    version: '1.0',
    url: URL,
    peer: `http://127.0.0.1:${port}`,
    region: '',
    load: 0,
    rooms: 0,
    people: 0,
    draining: false,
  };
}

/** A server that echoes, and one that passes clients on to it. */
async function setUp(t: Test, { secret = SECRET, refuses = false } = {}) {
  const clients: PassedClient[] = [];
  const connections: Socket[] = [];
  const webSockets = new WebSocketServer({ noServer: true });
  const there = new PassedClients({
    nodes: () => [],
    secret: SECRET,
    onClient: (client, request, socket, head) => {
      clients.push(client);
      if (refuses) socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      else
        webSockets.handleUpgrade(request, socket, head, (webSocket) =>
          webSocket.on('message', (data) => webSocket.send(String(data))),
        );
    },
    onServer: (connection) => connections.push(connection),
    clock,
  });
  const http = createServer((_, response) => response.writeHead(404).end());
  http.on('upgrade', (request, socket, head) => {
    if (!there.upgrade(request, socket, head)) socket.destroy();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const here = new PassedClients({
    nodes: () => [node(port)],
    secret,
    onClient: () => {},
    onServer: () => {},
    clock,
  });
  t.teardown(() => {
    for (const end of [here, there]) end.close();
    http.close();
    http.closeAllConnections();
  });
  return { here, there, clients, connections, port };
}

test('a WebSocket is carried to the server of the room, with the address of the client', async (t) => {
  const { here, clients, connections } = await setUp(t);
  const webSocket = await here.open(URL, ADA);
  t.same(clients, [ADA]);
  t.equal(connections[0]?.remoteAddress, '127.0.0.1');
  webSocket.send('hello');
  t.equal(String((await once(webSocket, 'message'))[0]), 'hello');
  const other = await here.open(URL, { address: '', isRemote: false });
  t.same(clients[1], { address: '', isRemote: false }, 'at a Unix socket');
  t.same(here.figures, { passed: { opened: 2, refused: 0 }, carried: 2, refused: 0 });
  webSocket.terminate();
  other.close();
  await eventually(() => here.figures.carried === 0);
});

test('a long message of the server arrives', async (t) => {
  const { here } = await setUp(t);
  const webSocket = await here.open(URL, ADA);
  webSocket.send('x'.repeat(2_000_000));
  t.equal(String((await once(webSocket, 'message'))[0]).length, 2_000_000);
  webSocket.terminate();
});

test('what does not come about is answered with `server_busy`', async (t) => {
  const { here } = await setUp(t);
  await t.rejects(here.open('wss://nobody.example.org/ws', ADA), { code: 'server_busy', retryAfterMs: 500 });
  await t.rejects(here.open(URL, { address: 'not an address', isRemote: true }), { code: 'server_busy' });
  const refusing = await setUp(t, { refuses: true });
  await t.rejects(refusing.here.open(URL, ADA), { code: 'server_busy' });
  t.same(refusing.here.figures, { passed: { opened: 0, refused: 1 }, carried: 0, refused: 0 });
});

test('a stranger gets nowhere, and is counted', async (t) => {
  const { here, there, clients } = await setUp(t, { secret: 'another secret of the cluster with 32 bytes' });
  await t.rejects(here.open(URL, ADA), { code: 'server_busy' });
  await eventually(() => there.figures.refused === 1);
  t.equal(clients.length, 0);
});

test('only some connections are opened at a time', async (t) => {
  const { here } = await setUp(t);
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => here.open(URL, ADA)));
  t.equal(all.filter(({ status }) => status === 'fulfilled').length, 16);
  const next = await here.open(URL, ADA);
  for (const one of all) if (one.status === 'fulfilled') one.value.terminate();
  next.terminate();
});

test('a server that ends takes nobody any more, and ends those that it had', async (t) => {
  const { here, there } = await setUp(t);
  const webSocket = await here.open(URL, ADA);
  there.close();
  await once(webSocket, 'close');
  await t.rejects(here.open(URL, ADA), { code: 'server_busy' });
});
