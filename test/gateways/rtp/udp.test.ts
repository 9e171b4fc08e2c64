import { type Test, test } from 'tap';
import { type UdpIn, udpNetwork } from '../../../src/gateways/rtp/udp.ts';
import { eventually } from '../../helpers/eventually.ts';

const HOST = '127.0.0.1';
const nothing = () => {};

async function listen(t: Test, port = 0): Promise<{ socket: UdpIn; got: [string, string][] }> {
  const got: [string, string][] = [];
  const socket = await udpNetwork.listen(HOST, port, (datagram, from) => {
    got.push([Buffer.from(datagram).toString(), from]);
  });
  t.teardown(() => socket.close());
  return { socket, got };
}

test('what is sent arrives, also by name', async (t) => {
  const { socket, got } = await listen(t);
  for (const host of [HOST, 'localhost']) {
    const out = await udpNetwork.connect(host, socket.port, nothing);
    t.teardown(() => out.close());
    // A name may have an address of IPv6 first.
    if (out.address !== HOST) continue;
    out.send(Buffer.from(`to ${host}`));
    await eventually(async () => got.some(([text, from]) => text === `to ${host}` && from === HOST));
  }
  t.ok(got.length > 0);
});

test('a port that is taken cannot be opened, and is free again after the end', async (t) => {
  const { socket } = await listen(t);
  await t.rejects(listen(t, socket.port), { code: 'EADDRINUSE' });
  socket.close();
  socket.close();
  await eventually(async () => {
    await listen(t, socket.port);
    return true;
  });
});

test('packets that nobody takes are counted, and after the end none is sent', async (t) => {
  const { socket } = await listen(t);
  let failures = 0;
  const out = await udpNetwork.connect(HOST, socket.port, () => failures++);
  socket.close();
  await eventually(async () => {
    out.send(Buffer.from('x'));
    return failures > 0;
  });
  out.close();
  out.close();
  t.doesNotThrow(() => out.send(Buffer.from('x')));
});

test('an address that does not exist is an error', async (t) => {
  await t.rejects(udpNetwork.listen('192.0.2.1', 0, nothing), { code: 'EADDRNOTAVAIL' });
});
