import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { type Test, test } from 'tap';
import type { DatagramListener, DatagramSocket } from '../../../src/rtc/net/datagram-port.ts';
import { MediaPort, type MediaPortOptions } from '../../../src/rtc/net/media-port.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { TcpClient } from '../tcp-client.ts';

/** By its first byte, a TCP connection has to begin like STUN. */
const STUN = '\0';
/** All of 127.0.0.0/8 is this machine. */
const [FIRST, SECOND, THIRD] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;

async function open(t: Test, given: Partial<MediaPortOptions> = {}) {
  const clock = new FakeClock();
  const port = await MediaPort.open({ hosts: [FIRST], port: 0, tcp: true, clock, ...given });
  t.teardown(() => port.close());
  const sockets = new Set<DatagramSocket>();
  const echo: DatagramListener = (datagram, remote, socket) => {
    if (socket.protocol === 'udp' && remote.address === FIRST) sockets.add(socket);
    socket.adopt?.();
    socket.send(datagram, remote.port, remote.address);
  };
  port.listen(echo, () => {});
  const number = port.addresses[0]!.port;
  const listed = () => port.addresses.map(({ protocol, address }) => `${protocol} ${address}`);
  return { port, number, listed, sockets };
}

async function isAnswered(socket: Socket, port: number, address: string): Promise<boolean> {
  const answered = once(socket, 'message').then(() => true);
  // Where nobody listens, the system reports it.
  const refused = once(socket, 'error').then(() => false);
  socket.connect(port, address, () => socket.send('hello'));
  const result = await Promise.race([answered, refused]).catch(() => false);
  socket.close();
  return result;
}

const asks = (port: number, address: string) => isAnswered(createSocket('udp4'), port, address);

test('addresses come and go over UDP and TCP, and those that stay are not touched', async (t) => {
  const { port, number, listed, sockets } = await open(t);
  const connection = await TcpClient.connect({ address: FIRST, port: number });
  t.teardown(() => connection.close());
  const talker = createSocket('udp4');
  t.teardown(() => talker.close());
  const heard: string[] = [];
  talker.on('message', (text) => heard.push(String(text)));
  const talk = async (words: string) => {
    const text = `${STUN}${words}`;
    talker.send(text, number, FIRST);
    connection.send(Buffer.from(text));
    await eventually(() => heard.at(-1) === text && String(connection.received.at(-1)) === text);
  };
  await talk('before');

  t.strictSame(await port.follow([SECOND, FIRST]), []);
  t.strictSame(listed(), [`udp ${SECOND}`, `udp ${FIRST}`, `tcp ${SECOND}`, `tcp ${FIRST}`], 'in the requested order');
  t.ok(port.addresses.every((address) => address.port === number));
  t.equal(await asks(number, SECOND), true);
  const other = await TcpClient.connect({ address: SECOND, port: number });
  t.teardown(() => other.close());
  await talk('with another');

  t.strictSame(await port.follow([FIRST, THIRD]), []);
  t.strictSame(listed(), [`udp ${FIRST}`, `udp ${THIRD}`, `tcp ${FIRST}`, `tcp ${THIRD}`]);
  t.equal(await asks(number, SECOND), false);
  t.equal(await asks(number, THIRD), true);
  await t.rejects(once(createConnection({ host: SECOND, port: number }), 'connect'), { code: 'ECONNREFUSED' });
  await talk('after');
  t.equal([...sockets].filter(({ local }) => local?.address === FIRST).length, 1, 'by the same socket all the time');
  other.send(Buffer.from(`${STUN}still here`));
  await eventually(() => String(other.received.at(-1)) === `${STUN}still here`);
});

test('an address that cannot be bound is reported, blocks no other, and is bound when it becomes possible', async (t) => {
  const { port, number, listed } = await open(t);
  const udp = createSocket('udp4');
  udp.bind(number, SECOND);
  await once(udp, 'listening');
  const tcp = createServer();
  tcp.listen(number, THIRD);
  await once(tcp, 'listening');
  const wanted = [FIRST, SECOND, THIRD, '192.0.2.1'];
  t.strictSame(await port.follow(wanted), [
    { protocol: 'udp', address: SECOND, port: number, reason: 'the port is in use' },
    { protocol: 'udp', address: '192.0.2.1', port: number, reason: 'this machine does not have the address' },
    { protocol: 'tcp', address: THIRD, port: number, reason: 'the port is in use' },
  ]);
  t.strictSame(listed(), [`udp ${FIRST}`, `udp ${THIRD}`, `tcp ${FIRST}`]);
  udp.close();
  tcp.close();
  await once(tcp, 'close');
  t.strictSame(
    (await port.follow(wanted)).map(({ address }) => address),
    ['192.0.2.1'],
  );
  t.strictSame(listed().slice(0, 3), [`udp ${FIRST}`, `udp ${SECOND}`, `udp ${THIRD}`]);
  t.equal(await asks(number, SECOND), true);
});

test('where the page has the TCP port, new addresses have it too', async (t) => {
  const { port, listed } = await open(t, { sharedTcp: { host: '0.0.0.0', port: 443 } });
  await port.follow([FIRST, SECOND]);
  t.strictSame(listed(), [`udp ${FIRST}`, `udp ${SECOND}`, `tcp ${FIRST}`, `tcp ${SECOND}`]);
  t.match(
    port.addresses.filter(({ protocol }) => protocol === 'tcp'),
    [
      { port: 443, shared: true },
      { port: 443, shared: true },
    ],
  );

  const ofOne = await open(t, { sharedTcp: { host: SECOND, port: 443 } });
  await ofOne.port.follow([FIRST, SECOND]);
  t.match(
    ofOne.port.addresses.filter(({ protocol }) => protocol === 'tcp'),
    [
      { address: FIRST, port: ofOne.number },
      { address: SECOND, port: 443, shared: true },
    ],
  );
});

test('when several changes overlap the last one wins, and closing in between leaves nothing open', async (t) => {
  const { port, number, listed } = await open(t);
  void port.follow([SECOND]);
  void port.follow([FIRST, SECOND, THIRD]);
  await port.follow([FIRST]);
  t.strictSame(listed(), [`udp ${FIRST}`, `tcp ${FIRST}`]);
  const following = port.follow([FIRST, SECOND, THIRD]);
  await port.close();
  await following;
  for (const host of [FIRST, SECOND, THIRD]) {
    const again = await MediaPort.open({ hosts: [host], port: number, tcp: true, clock: new FakeClock() });
    await again.close();
  }
});
