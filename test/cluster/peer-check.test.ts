import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { PeerCheck } from '../../src/cluster/peer-check.ts';
import { systemClock } from '../../src/lib/clock.ts';

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a peer is alive if its process answers, whatever it says', async (t) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.writeHead(503).end('x'.repeat(100_000));
  });
  t.teardown(() => server.close());
  const check = new PeerCheck(systemClock);
  const url = `http://127.0.0.1:${await portOf(server)}`;
  t.strictSame(await Promise.all([check.check(url), check.check(url)]), ['alive', 'alive']);
  t.equal(asked, 1, 'it is asked once for all');
});

test('a peer that accepts connections and says nothing is silent; one that is gone refuses', async (t) => {
  const server = createTcpServer((socket) => socket.on('error', () => {}));
  t.teardown(() => server.close());
  const check = new PeerCheck(systemClock);
  t.equal(await check.check(`http://127.0.0.1:${await portOf(server)}`), 'silent');
  t.equal(await check.check(`http://127.0.0.1:${await freePort()}`), 'refused');
  for (const url of ['no url', 'ftp://127.0.0.1', 'http://']) t.equal(await check.check(url), 'silent', url);
  const breaking = createTcpServer((socket) => socket.destroy());
  t.teardown(() => breaking.close());
  t.equal(await check.check(`http://127.0.0.1:${await portOf(breaking)}`), 'silent');
});
