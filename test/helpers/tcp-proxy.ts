/** A TCP relay in front of a server, whose connections can break: the path of a WebSocket through a bad network. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly port: number;
  /** Destination port on the loopback interface. Another server may take the place of one that ended. */
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'cut' | 'stalled' = 'open';

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async open(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, targetPort);
  }

  /** Resets every connection, and new ones at once. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Nothing gets through any more, and nobody is notified. */
  stall(): void {
    this.#state = 'stalled';
    this.stallExisting();
  }

  /** Existing connections stall, as if their network no longer existed. New ones get through. */
  stallExisting(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** New connections get through again. The ones from before are gone. */
  mend(): void {
    this.cut();
    this.#state = 'open';
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    this.#keep(socket);
    if (this.#state === 'cut') {
      socket.resetAndDestroy();
      return;
    }
    if (this.#state === 'stalled') {
      socket.pause();
      return;
    }
    const target = connect(this.#targetPort, '127.0.0.1');
    this.#keep(target);
    socket.pipe(target);
    target.pipe(socket);
    socket.on('close', () => target.destroy());
    target.on('close', () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
  }
}
