import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { IcecastConnection } from '../../../src/gateways/forward/icecast-connection.ts';
import { eventually } from '../../helpers/eventually.ts';

async function setUp(t: Test, name = 'Zoë’s') {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const events: (number | string | undefined)[] = [];
  const connection = new IcecastConnection(
    {
      url: new URL(`http://127.0.0.1:${port}/a b?c=d`),
      user: 'source',
      password: 'pw',
      name,
      description: '',
      public: false,
    },
    { answered: (status) => events.push(status), closed: (error) => events.push(`closed ${error}`) },
  );
  t.teardown(() => connection.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  return { connection, socket, events, port };
}

test('a request has the head that Icecast expects, in UTF-8, and one line for each field', async (t) => {
  const { connection, socket, port } = await setUp(t, 'Zoë’s\r\nIce-Public: 1');
  let received = '';
  socket.on('data', (bytes: Buffer) => {
    received += bytes;
  });
  await eventually(() => received.endsWith('\r\n\r\n'));
  connection.write(Buffer.from('sound'));
  await eventually(() => received.endsWith('sound'));
  connection.destroy();
  await once(socket, 'end');
  t.equal(
    received,
    [
      'PUT /a%20b?c=d HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Authorization: Basic c291cmNlOnB3',
      'Content-Type: application/ogg',
      'Expect: 100-continue',
      'User-Agent: Partyline',
      'Ice-Name: Zoë’s  Ice-Public: 1',
      'Ice-Public: 0',
      '',
      'sound',
    ].join('\r\n'),
  );
});

test('answers are read piece by piece, until the final one', async (t) => {
  const { socket, events } = await setUp(t);
  for (const byte of 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nServer: Icecast\r\n\r\nHTTP/1.1 500 No\r\n\r\n')
    socket.write(byte);
  await eventually(() => events.length === 2);
  socket.end();
  await eventually(() => events.length === 3);
  t.same(events, [100, 200, 'closed undefined']);
});

test('what is no answer of HTTP counts as a refusal', async (t) => {
  const spoken = await setUp(t);
  spoken.socket.write('ICY 200 OK\r\n\r\n');
  await eventually(() => spoken.events.length === 1);
  t.same(spoken.events, [0]);
  const endless = await setUp(t);
  endless.socket.write('x'.repeat(20_000));
  await eventually(() => endless.events.length === 1);
  endless.socket.end('HTTP/1.1 200 OK\r\n\r\n');
  await eventually(() => endless.events.length === 2);
  t.same(endless.events, [0, 'closed undefined']);
});
