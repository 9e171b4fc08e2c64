/** The sockets of plain RTP. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { withoutMapping } from '../../lib/net/ip-address.ts';

export interface UdpIn {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

export interface UdpOut {
  /** An address, even if the target was a name. */
  readonly address: string;
  /** Must not change the bytes afterwards. Failures are counted. */
  send(packet: Uint8Array): void;
  /** Idempotent. */
  close(): void;
}

/** The network as plain RTP uses it. */
export interface RtpNetwork {
  /**
   * Rejects with the error of the system.
   * @param receive a datagram, which it may change, and the address it comes from
   */
  listen(host: string, port: number, receive: (datagram: Uint8Array, from: string) => void): Promise<UdpIn>;
  /**
   * Rejects with the error of the system.
   * @param failed a packet was not sent, or nobody takes packets there
   */
  connect(host: string, port: number, failed: () => void): Promise<UdpOut>;
}

export const udpNetwork: RtpNetwork = {
  async listen(host, port, receive) {
    const { family, address } = await lookup(host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.on('message', (datagram, from) => receive(datagram, withoutMapping(from.address)));
    await done(socket, (callback) => socket.bind(port, address, callback));
    socket.on('error', () => {});
    return { port: socket.address().port, close: closerOf(socket) };
  },

  async connect(host, port, failed) {
    const { family, address } = await lookup(host);
    if (isIP(host) === 0 && isMulticast(address)) throw new Error(`${host} is the name of a multicast address`);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await done(socket, (callback) => socket.connect(port, address, callback));
    let isOpen = true;
    socket.on('error', failed);
    const sent = (error: Error | null) => {
      if (error !== null && isOpen) failed();
    };
    const close = closerOf(socket);
    return {
      address,
      send: (packet) => {
        if (isOpen) socket.send(packet, sent);
      },
      close: () => {
        isOpen = false;
        close();
      },
    };
  },
};

function done(socket: Socket, start: (callback: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    start(() => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
}

function closerOf(socket: Socket): () => void {
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    socket.close();
  };
}

/** RFC 5771, RFC 4291 section 2.7. */
function isMulticast(address: string): boolean {
  return isIP(address) === 6 ? /^ff/i.test(address) : Number(address.split('.')[0]) >= 224;
}
