/** A connection to a TURN server: one request at a time, over UDP, TCP or TLS. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { TurnAddress } from '../../lib/turn.ts';

/** RFC 8489 section 6.2.1, but without backoff because time is short. */
const RETRANSMIT_MS: Millis = 500;
const MAX_ANSWER_BYTES = 4096;

export interface TurnLink {
  send(message: Buffer): void;
  /**
   * Sends a message and waits for an answer that `read` accepts; rejects if the connection fails. The caller limits the
   * time.
   */
  exchange<T>(message: Buffer, read: (bytes: Buffer) => T | undefined): Promise<T>;
  close(): void;
}

export function openTurnLink(address: TurnAddress, clock: Clock): TurnLink {
  return address.transport === 'udp' ? new UdpLink(address, clock) : new StreamLink(address);
}

class UdpLink implements TurnLink {
  readonly #clock: Clock;
  readonly #connected: Promise<void>;
  readonly #close: () => void;
  #send: (message: Buffer) => void = () => {};
  #onMessage: (bytes: Buffer) => void = () => {};
  #onError: (error: Error) => void = () => {};
  #cancel: Cancel = () => {};
  #closed = false;

  constructor({ host, port }: TurnAddress, clock: Clock) {
    this.#clock = clock;
    let close = (): void => {};
    this.#close = () => close();
    this.#connected = lookup(host).then(({ address }) => {
      if (this.#closed) return;
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      close = () => socket.close();
      socket.on('message', (bytes) => this.#onMessage(bytes));
      socket.on('error', (error) => this.#onError(error));
      // Connected, so that ICMP errors are reported.
      return new Promise((resolve, reject) => {
        socket.connect(port, address, (error?: Error) => {
          this.#send = (message) => socket.send(message, (failure) => failure !== null && this.#onError(failure));
          if (error) reject(error);
          else resolve();
        });
      });
    });
    this.#connected.catch(() => {});
  }

  send(message: Buffer): void {
    this.#send(message);
  }

  async exchange<T>(message: Buffer, read: (bytes: Buffer) => T | undefined): Promise<T> {
    await this.#connected;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#onError = reject;
        this.#onMessage = (bytes) => {
          const answer = read(bytes);
          if (answer !== undefined) resolve(answer);
        };
        const repeat = (): void => {
          if (this.#closed) return;
          this.#send(message);
          this.#cancel = this.#clock.setTimer(this.#clock.now() + RETRANSMIT_MS, repeat);
        };
        repeat();
      });
    } finally {
      this.#cancel();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    this.#onError = this.#onMessage = () => {};
    this.#send = () => {};
    this.#close();
  }
}

class StreamLink implements TurnLink {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #broken: Error | undefined;
  #onBytes: () => void = () => {};

  constructor({ host, port, transport }: TurnAddress) {
    const servername = isIP(host) === 0 ? host : '';
    this.#socket = transport === 'tls' ? connectTls({ host, port, servername }) : connectTcp({ host, port });
    this.#socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#onBytes();
    });
    this.#socket.on('error', (error) => this.#break(error));
    this.#socket.on('close', () => this.#break(new Error('the connection was closed')));
  }

  send(message: Buffer): void {
    if (this.#broken === undefined) this.#socket.write(message);
  }

  exchange<T>(message: Buffer, read: (bytes: Buffer) => T | undefined): Promise<T> {
    this.#received = Buffer.alloc(0);
    this.send(message);
    return new Promise((resolve, reject) => {
      this.#onBytes = () => {
        const answer = read(this.#received);
        if (answer !== undefined) resolve(answer);
        else if (this.#broken !== undefined) reject(this.#broken);
        else if (this.#received.length > MAX_ANSWER_BYTES) reject(new Error('the answer is not TURN'));
      };
      this.#onBytes();
    });
  }

  /** Queued messages are still sent. */
  close(): void {
    this.#onBytes = () => {};
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  #break(error: Error): void {
    this.#broken ??= error;
    this.#onBytes();
  }
}
