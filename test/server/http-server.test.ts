import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'tap';
import { TrustedProxies } from '../../src/lib/net/client-address.ts';
import { countNoLonger, createBoundedHttpServer } from '../../src/server/http-server.ts';

test('connections of other servers do not count for their address', async (t) => {
  const http = createBoundedHttpServer(() => {}, {
    maxConnections: 100,
    maxConnectionsPerAddress: 1,
    requestTimeoutMs: 5000,
    proxies: new TrustedProxies([]),
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.close();
    http.closeAllConnections();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    const [accepted] = (await once(http, 'connection')) as [Socket];
    return accepted;
  };
  const first = await open();
  t.notOk((await open()).destroyed, 'two for each WebSocket');
  t.ok((await open()).destroyed);
  countNoLonger(http, first);
  t.notOk((await open()).destroyed);
  t.ok((await open()).destroyed);
  // It is not given back twice.
  countNoLonger(http, first);
  first.destroy();
  await once(first, 'close');
  t.ok((await open()).destroyed);
});
