/**
 * A process that echoes messages on WebSockets, by the server's own library, and on data channels, by werift: the only
 * kept implementation of SCTP for Node that the server could use.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { RTCPeerConnection } from 'werift';
import { WebSocketServer } from 'ws';

type Request = { readonly ask: 'port' } | { readonly ask: 'answer'; readonly offer: string } | { readonly ask: 'cpu' };

/** The other process, as seen from the one that measures. */
export interface EchoProcess {
  /** Of the WebSocket on loopback. */
  port(): Promise<number>;
  answer(offer: string): Promise<string>;
  /** User and system time so far, in microseconds. */
  cpuMicroseconds(): Promise<number>;
  close(): void;
}

/** Whether this is the process that echoes. */
export function isEcho(): boolean {
  return process.send !== undefined && process.env['BENCH_ECHO'] === '1';
}

/** Starts this program again, in which `isEcho` is then true. */
export function startEcho(): EchoProcess {
  const child = fork(process.argv[1] ?? '', [], { env: { ...process.env, BENCH_ECHO: '1' } });
  const ask = async <Reply>(request: Request): Promise<Reply> => {
    child.send(request);
    const [reply] = (await once(child, 'message')) as [Reply];
    return reply;
  };
  return {
    port: () => ask({ ask: 'port' }),
    answer: (offer) => ask({ ask: 'answer', offer }),
    cpuMicroseconds: () => ask({ ask: 'cpu' }),
    close: () => child.kill(),
  };
}

/** Echoes until the process is killed. */
export async function serveEcho(): Promise<void> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await once(server, 'listening');
  const peers: RTCPeerConnection[] = [];
  process.on('message', async (request: Request) => {
    if (request.ask === 'port') process.send?.((server.address() as AddressInfo).port);
    else if (request.ask === 'cpu') {
      const { user, system } = process.cpuUsage();
      process.send?.(user + system);
    } else {
      const peer = new RTCPeerConnection({ iceServers: [] });
      peers.push(peer);
      peer.onDataChannel.subscribe((channel) => {
        channel.onMessage.subscribe((data) => channel.send(data));
      });
      await peer.setRemoteDescription({ type: 'offer', sdp: request.offer });
      await peer.setLocalDescription(await peer.createAnswer());
      process.send?.(peer.localDescription?.sdp);
    }
  });
}
