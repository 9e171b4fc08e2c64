import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'tap';
import type { DatagramListener, DatagramSocket, MediaAddress } from '../../../src/rtc/net/datagram-port.ts';
import { MediaPort, type RelayedPort } from '../../../src/rtc/net/media-port.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { TcpClient } from '../tcp-client.ts';

const inWords = ({ protocol, address, port, shared }: MediaAddress) =>
  `${protocol} ${address}${shared ? ` shared at ${port}` : ''}`;

test('UDP and TCP have the same port number, and a closed port is free at once, even if connections were open', async (t) => {
  const clock = new FakeClock();
  const options = { hosts: ['127.0.0.1', '::1'], port: 0, tcp: true, clock };
  const first = await MediaPort.open(options);
  const { port } = first.addresses[0]!;
  t.equal(new Set(first.addresses.map((address) => address.port)).size, 1);
  t.same(first.addresses.map(inWords), ['udp 127.0.0.1', 'udp ::1', 'tcp 127.0.0.1', 'tcp ::1']);
  const client = await TcpClient.connect({ address: '127.0.0.1', port });
  await eventually(() => first.tcp?.connectionCount.all === 1);
  await first.close();
  await first.close();
  const second = await MediaPort.open({ ...options, port });
  await eventually(() => client.closed);
  await second.close();
  t.equal(clock.pendingTimers, 0);
});

test('a TCP port in use is an error in words, and nothing stays open', async (t) => {
  const clock = new FakeClock();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as { port: number };
  const options = { hosts: ['127.0.0.1'], port, clock };
  await t.rejects(MediaPort.open({ ...options, tcp: true }), {
    message: `cannot listen on TCP port ${port} on 127.0.0.1: the port is in use (without TCP: --media-tcp off)`,
  });
  const udpOnly = await MediaPort.open({ ...options, tcp: false });
  t.equal(udpOnly.tcp, null);
  t.same(udpOnly.addresses.map(inWords), ['udp 127.0.0.1']);
  await udpOnly.close();
});

test('where every address of the machine is bound, TCP leaves out those where another program has the port', async (t) => {
  const clock = new FakeClock();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as { port: number };
  const opened = await MediaPort.open({ hosts: [], port, tcp: true, clock });
  t.teardown(() => opened.close());
  const told = (wanted: string) =>
    opened.addresses.filter(({ protocol }) => protocol === wanted).map(({ address }) => address);
  t.ok(told('udp').includes('127.0.0.1'));
  t.same(
    told('tcp'),
    told('udp').filter((address) => address !== '127.0.0.1'),
  );
});

test('an existing listener takes the place of our own, on its addresses', async (t) => {
  const clock = new FakeClock();
  const options = { hosts: ['127.0.0.1', '::1'], port: 0, clock };
  for (const [host, expected] of [
    ['127.0.0.1', ['udp 127.0.0.1', 'udp ::1', 'tcp ::1', 'tcp 127.0.0.1 shared at 443']],
    ['::', ['udp 127.0.0.1', 'udp ::1', 'tcp 127.0.0.1 shared at 443', 'tcp ::1 shared at 443']],
  ] as const) {
    const port = await MediaPort.open({ ...options, tcp: true, sharedTcp: { host, port: 443 } });
    t.same(port.addresses.map(inWords), expected);
    await port.close();
  }
  const udpOnly = await MediaPort.open({ ...options, tcp: false, sharedTcp: { host: '::', port: 443 } });
  t.same(udpOnly.addresses.map(inWords), ['udp 127.0.0.1', 'udp ::1'], 'not where media is UDP only');
  await udpOnly.close();
});

test('datagrams over UDP, over TCP and from another thread reach one listener', async (t) => {
  const clock = new FakeClock();
  let relay: DatagramListener = () => {};
  const relayed: RelayedPort = {
    packetsDropped: 3,
    listen: (onDatagram) => {
      relay = onDatagram;
    },
  };
  const port = await MediaPort.open({ hosts: ['127.0.0.1'], port: 0, tcp: true, clock, relayed });
  t.teardown(() => port.close());
  const came: string[] = [];
  const gone: unknown[] = [];
  port.listen(
    (datagram, _remote, socket) => came.push(`${socket.protocol} ${datagram.length}`),
    (remote) => gone.push(remote),
  );
  const client = await TcpClient.connect(port.addresses[1]!);
  client.send(Buffer.from([0, 1]));
  await eventually(() => came.length === 1);
  const remote = { address: '192.0.2.1', port: 1 };
  relay(Buffer.from([0, 1, 2]), remote, { protocol: 'tcp', send: () => true } satisfies DatagramSocket);
  t.same(came, ['tcp 2', 'tcp 3']);
  client.close();
  await eventually(() => gone.length === 1);
  t.equal(port.tcpPacketsDropped, 3);
  t.match(port.udpCounters, { datagramsIn: 0, sendFailures: 0, socketErrors: 0 });
});

test('a port for UDP only has dropped nothing', async (t) => {
  const port = await MediaPort.open({ hosts: ['127.0.0.1'], port: 0, tcp: false, clock: new FakeClock() });
  t.equal(port.tcpPacketsDropped, 0);
  t.equal(port.tcp, null);
  await port.close();
});
