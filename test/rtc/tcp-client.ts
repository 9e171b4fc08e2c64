import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { FrameReader, frame } from '../../src/rtc/net/stream-framing.ts';

/** The other end of ICE over TCP, as simple as possible. */
export class TcpClient {
  readonly socket: Socket;
  readonly received: Buffer[] = [];
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader((datagram) => this.received.push(datagram) > 0);
    socket.on('data', (piece: Buffer) => reader.read(piece));
    socket.on('error', () => {});
    socket.once('close', () => {
      this.closed = true;
    });
  }

  static async connect({ address, port }: { readonly address: string; readonly port: number }): Promise<TcpClient> {
    const client = new TcpClient(createConnection({ host: address, port, noDelay: true }));
    await once(client.socket, 'connect');
    return client;
  }

  send(datagram: Uint8Array): void {
    this.socket.write(frame(datagram));
  }

  close(): void {
    this.socket.destroy();
  }
}
