import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { parseStun } from '../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { AUDIO_OFFER } from '../helpers/offer.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { TcpClient } from '../rtc/tcp-client.ts';

const HOST = '127.0.0.1';

async function start(t: Test, ...flags: string[]) {
  const port = await freePort();
  const server = await startServer(['--port', String(port), '--media-port', String(port), ...flags]);
  t.teardown(() => server.close());
  /** Joins a room. Resolves with the server's answer to the offer. */
  const join = async (room: string) => {
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    await client.join(room, 'Ada');
    const offer = async (sdp: string, restart = false) => {
      client.send({ type: 'offer', sdp, restart });
      return (await client.skipTo('answer')).sdp;
    };
    return { client, offer, sdp: await offer(AUDIO_OFFER) };
  };
  return { server, port, join };
}

/** An ICE check from the participant who got this answer. */
function check(sdp: string, remoteUfrag = 'abcd') {
  const field = (name: string) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)![1]!;
  return writeBindingRequest({
    transactionId: randomBytes(12),
    username: `${field('ice-ufrag')}:${remoteUfrag}`,
    key: field('ice-pwd'),
    priority: 1,
    tieBreaker: 1n,
    useCandidate: true,
  });
}

function candidates(sdp: string): string[] {
  return [...sdp.matchAll(/^a=candidate:\S+ 1 (\S+) \d+ (\S+) (\d+)/gm)].map(([, ...fields]) => fields.join(' '));
}

async function answered(t: Test, port: number, datagram: Uint8Array): Promise<TcpClient> {
  const client = await TcpClient.connect({ address: HOST, port });
  t.teardown(() => client.close());
  client.send(datagram);
  await eventually(() => client.received.length > 0 || (client.closed && 'it was closed'));
  const { localAddress: address, localPort } = client.socket;
  t.match(parseStun(client.received[0]!), { class: 'success', xorMappedAddress: { address, port: localPort } });
  return client;
}

test('with one port number for everything, every worker is reached over the TCP port of the page', async (t) => {
  const { server, port, join } = await start(t, '--workers', '2', '--span-load-percent', '0');
  const people = new Map<string, Awaited<ReturnType<typeof join>>>();
  // A newcomer goes to the worker with less to do.
  await sleep(1100);
  for (let i = 0; i < 20 && people.size < 2; i++) {
    const person = await join('large');
    people.set(candidates(person.sdp)[0]!, person);
  }
  t.same(
    [...people.keys()].sort(),
    [`udp ${HOST} ${port}`, `udp ${HOST} ${port + 1}`].sort(),
    'each worker has its own UDP port',
  );
  const connections: TcpClient[] = [];
  for (const { sdp } of people.values()) {
    t.equal(candidates(sdp)[1], `tcp ${HOST} ${port}`, 'all share the TCP port');
    connections.push(await answered(t, port, check(sdp)));
  }
  await sleep(1100);
  const metrics = await server.metrics();
  for (const worker of ['0', '1']) {
    t.equal(metrics.sum('partyline_media_tcp_sockets', { worker }), 1, `worker ${worker}`);
    t.equal(metrics.sum('partyline_media_tcp_accepted_total', { worker }), 1);
  }
  const [error] = await once(connect({ port: port + 1, host: HOST }), 'error');
  t.match(error, { code: 'ECONNREFUSED' }, 'no other TCP port is opened');
  // Nobody else closes these connections.
  const watch = new Stopwatch();
  await server.close();
  t.ok(watch.ownMs < 2500, 'open connections do not delay the shutdown');
  await eventually(() => connections.every(({ closed }) => closed));
});

test('after an ICE restart, the new name and the previous one lead to the same participant', async (t) => {
  const { server, port, join } = await start(t);
  const { sdp, offer } = await join('lobby');
  const restarted = await offer(AUDIO_OFFER.replace('ice-ufrag:abcd', 'ice-ufrag:efgh'), true);
  t.not(restarted, sdp);
  await answered(t, port, check(sdp));
  await answered(t, port, check(restarted, 'efgh'));
  const stranger = await TcpClient.connect({ address: HOST, port });
  t.teardown(() => stranger.close());
  stranger.send(check(sdp.replace(/ice-ufrag:\S+/, 'ice-ufrag:nobody')));
  await eventually(() => stranger.closed);
  t.same(stranger.received, [], 'a check that names nobody gets no answer');
  t.equal((await server.metrics()).sum('partyline_shared_port_refused_total'), 1);
});

test('if the page is served on another address, media has its own TCP ports', async (t) => {
  const { port, join } = await start(t, '--host', '127.0.0.3');
  await t.rejects(join('lobby'), { code: 'ECONNRESET' }, 'there is no page');
  const client = await SignalingClient.open(`ws://127.0.0.3:${port}/ws`);
  t.teardown(() => client.socket.terminate());
  await client.join('lobby', 'Ada');
  client.send({ type: 'offer', sdp: AUDIO_OFFER });
  const { sdp } = await client.skipTo('answer');
  t.same(candidates(sdp), [`udp ${HOST} ${port}`, `tcp ${HOST} ${port}`]);
  await answered(t, port, check(sdp));
});

test('a connection with media does not count as one of the page, and costs nobody a place', async (t) => {
  const { server, port, join } = await start(t, '--max-connections-per-address', '1');
  const { sdp } = await join('lobby');
  const media: Socket[] = [];
  for (let i = 0; i < 10; i++) media.push((await answered(t, port, check(sdp))).socket);
  t.equal((await fetch(`${server.url}/healthz`)).status, 200);
  t.ok(media.slice(-8).every(({ destroyed }) => !destroyed));
});

test('if one socket listens for both families, an IPv4 peer is reported with its IPv4 address', async (t) => {
  const { port, join } = await start(t, '--host', '::', '--media-host', '127.0.0.1,::1');
  const { sdp } = await join('lobby');
  const tcp = candidates(sdp).filter((text) => text.startsWith('tcp'));
  t.same(tcp, [`tcp ${HOST} ${port}`, `tcp ::1 ${port}`]);
  await answered(t, port, check(sdp));
});
