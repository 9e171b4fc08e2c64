import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { test } from 'tap';
import type { DatagramSocket } from '../../../src/rtc/net/datagram-port.ts';
import { UdpPort, type UdpSocket } from '../../../src/rtc/net/udp-port.ts';
import { eventually } from '../../helpers/eventually.ts';

test('one port number is bound on every given address, in both families', async (t) => {
  const port = await UdpPort.open({ hosts: ['127.0.0.1', '::1'], port: 0 });
  t.same(
    port.addresses.map(({ address, family }) => [address, family]),
    [
      ['127.0.0.1', 4],
      ['::1', 6],
    ],
  );
  t.equal(new Set(port.addresses.map((bound) => bound.port)).size, 1);
  await port.close();
});

test('without hosts every address of the machine is bound, except link-local ones', async (t) => {
  const port = await UdpPort.open({ hosts: [], port: 0 });
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const bound = port.addresses.map(({ address }) => address);
  t.ok(bound.includes('127.0.0.1'));
  t.ok(bound.every((address) => all.some((own) => own.address === address) && !address.startsWith('fe80')));
  await port.close();
  await port.close();
});

test('a host that cannot be bound is an error in words', async (t) => {
  await t.rejects(UdpPort.open({ hosts: ['voice.example.org'], port: 0 }), /"voice.example.org" is not an IP address/);
  await t.rejects(UdpPort.open({ hosts: ['192.0.2.1'], port: 0 }), /does not have the address/);
  const taken = await UdpPort.open({ hosts: ['127.0.0.1'], port: 0 });
  const { port } = taken.addresses[0]!;
  await t.rejects(UdpPort.open({ hosts: ['::1', '127.0.0.1'], port }), /the port is in use/);
  const again = await UdpPort.open({ hosts: ['::1'], port });
  t.equal(again.addresses[0]!.port, port, 'everything bound before the failure is free again');
  await again.close();
  await taken.close();
});

test('a datagram is answered from the address it was sent to', async (t) => {
  const port = await UdpPort.open({ hosts: ['127.0.0.1', '::1'], port: 0 });
  port.listen((datagram, remote, socket) =>
    t.ok(socket.send(Buffer.concat([datagram, Buffer.from('!')]), remote.port, remote.address)),
  );
  for (const { address, family, port: number } of port.addresses) {
    const client = createSocket(family === 6 ? 'udp6' : 'udp4');
    client.send('hello', number, address);
    const [answer, remote] = await once(client, 'message');
    t.equal(String(answer), 'hello!');
    t.equal(remote.address, address);
    client.close();
  }
  t.same(port.counters, { datagramsIn: 2, sendFailures: 0, socketErrors: 0 });
  await port.close();
});

test('once a send has failed, every further failure is counted, and nothing is thrown, even after close', async (t) => {
  const port = await UdpPort.open({ hosts: ['127.0.0.1'], port: 0 });
  const client = createSocket('udp4');
  const arrived = new Promise<[DatagramSocket, number]>((resolve) => {
    port.listen((_, remote, socket) => resolve([socket, remote.port]));
  });
  client.send('x', port.addresses[0]!.port, '127.0.0.1');
  const [socket, remotePort] = await arrived;
  const counted = (count: number) =>
    eventually(() => port.counters.sendFailures === count || JSON.stringify(port.counters));
  const tooLong = Buffer.alloc(70_000);
  socket.send(tooLong, remotePort, '127.0.0.1');
  await counted(1);
  for (let n = 0; n < 20; n++) {
    socket.send(tooLong, remotePort, '127.0.0.1');
    socket.send(Buffer.from('x'), remotePort, '127.0.0.1');
  }
  socket.send(Buffer.from('x'), remotePort, '::1');
  socket.send(Buffer.from('x'), 0, '127.0.0.1');
  await counted(23);
  // After a thousand that are delivered, one in sixteen is looked at again.
  for (let n = 0; n < 1000; n++) {
    socket.send(Buffer.from('x'), remotePort, '127.0.0.1');
    if (n % 100 === 99) await setImmediate();
  }
  for (let n = 0; n < 16; n++) socket.send(tooLong, remotePort, '127.0.0.1');
  await counted(24);
  await port.close();
  t.ok(socket.send(Buffer.from('x'), remotePort, '127.0.0.1'), 'the buffer may be used again');
  await setImmediate();
  t.equal(port.counters.sendFailures, 24, 'data after the close is not an error');
  client.close();
});

test('a port follows the addresses it is given: new ones are bound and listened to, others let go, and the rest stay', async (t) => {
  const port = await UdpPort.open({ hosts: ['127.0.0.1'], port: 0 });
  const { port: number } = port.addresses[0]!;
  const heard: string[] = [];
  port.listen((datagram, _remote, socket) => heard.push(`${datagram} at ${(socket as UdpSocket).local.address}`));
  t.same(await port.follow(['127.0.0.1', '127.0.0.2', '127.0.0.2', '192.0.2.1']), [
    { protocol: 'udp', address: '192.0.2.1', port: number, reason: 'this machine does not have the address' },
  ]);
  t.same(
    port.addresses.map((bound) => [bound.address, bound.port]),
    [
      ['127.0.0.1', number],
      ['127.0.0.2', number],
    ],
  );
  const client = createSocket('udp4');
  client.send('hello', number, '127.0.0.2');
  await eventually(() => heard.length > 0);
  t.same(heard, ['hello at 127.0.0.2']);
  t.same(await port.follow(['127.0.0.2']), []);
  t.same(
    port.addresses.map(({ address }) => address),
    ['127.0.0.2'],
  );
  const free = await UdpPort.open({ hosts: ['127.0.0.1'], port: number });
  await free.close();
  await port.close();
  await port.follow(['127.0.0.1']);
  const still = await UdpPort.open({ hosts: ['127.0.0.1'], port: number });
  await still.close();
  client.close();
});
