/**
 * Voice by UDP between one client of ours and another Mumble server. UDP is used while the server answers pings there.
 * The server sends by UDP as soon as it has heard anything there, so whoever is not answered goes back to the tunnel
 * with a packet through it.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Millis } from '../../lib/clock.ts';
import type { CryptState } from '../mumble/wire/crypt-state.ts';
import type { VoiceFormat } from '../mumble/wire/version.ts';
import { isPing, MAX_PACKET_BYTES } from '../mumble/wire/voice-packet.ts';

export interface ServerUdpOptions {
  readonly address: string;
  readonly port: number;
  readonly crypt: CryptState;
  readonly format: VoiceFormat;
  /** A decrypted voice packet; a view that is valid during the call. */
  readonly voice: (packet: Uint8Array) => void;
  /** Sends a packet through the tunnel. */
  readonly tunnel: (packet: Uint8Array) => void;
  /** What comes cannot be decrypted: asks the server where its counter is. */
  readonly resync: () => void;
}

const PING_EVERY_MS: Millis = 5000;
/** Without an answer for so long, UDP does not work. */
const SILENT_MS: Millis = 15_000;
/** So long it is not tried again. */
const REST_MS: Millis = 60_000;
const RESYNC_MS: Millis = 5000;

const PING: Readonly<Record<VoiceFormat, Uint8Array>> = {
  old: Uint8Array.of(0x20, 1),
  protobuf: Uint8Array.of(1, 8, 1),
};

export class ServerUdp {
  readonly #options: ServerUdpOptions;
  readonly #socket: Socket;
  #isOpen = false;
  #isClosed = false;
  #isWorking = false;
  /** Since when UDP is tried, or when it was last answered. */
  #heardMs: Millis;
  #pingedMs: Millis = Number.NEGATIVE_INFINITY;
  #restUntilMs: Millis = Number.NEGATIVE_INFINITY;
  #isHeardSinceLook = false;
  #isRefusedSinceLook = false;
  #goodMs: Millis;
  #askedMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(options: ServerUdpOptions, nowMs: Millis) {
    const { address, port } = options;
    this.#options = options;
    this.#heardMs = nowMs;
    this.#goodMs = nowMs;
    const isSix = isIPv6(address);
    this.#socket = createSocket({
      type: isSix ? 'udp6' : 'udp4',
      // The address is a number. Without this, Node would ask the resolver.
      lookup: (host, _, callback) => callback(null, host, isSix ? 6 : 4),
    });
    // The port may be closed there; the tunnel remains.
    this.#socket.on('error', () => {});
    this.#socket.on('message', (datagram) => this.#receive(datagram));
    // Called with an error as well, if no route leads there; to send then would throw.
    this.#socket.connect(port, address, (error?: Error) => {
      this.#isOpen = error === undefined && !this.#isClosed;
    });
  }

  /** The server answers here. */
  get isWorking(): boolean {
    return this.#isWorking;
  }

  /** Encrypts and sends. */
  send(packet: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#socket.send(this.#options.crypt.encrypt(packet), ignoreError);
  }

  /** Call about once a second. */
  look(nowMs: Millis): void {
    if (this.#isClosed || !this.#isOpen) return;
    if (this.#isHeardSinceLook) {
      this.#heardMs = nowMs;
      this.#goodMs = nowMs;
    } else if (this.#isRefusedSinceLook && nowMs - this.#goodMs >= RESYNC_MS && nowMs - this.#askedMs >= RESYNC_MS) {
      this.#askedMs = nowMs;
      this.#options.resync();
    }
    this.#isHeardSinceLook = false;
    this.#isRefusedSinceLook = false;
    if (nowMs < this.#restUntilMs) return;
    if (nowMs - this.#heardMs >= SILENT_MS) {
      this.#isWorking = false;
      this.#restUntilMs = nowMs + REST_MS;
      this.#heardMs = this.#restUntilMs;
      this.#options.tunnel(PING[this.#options.format]);
    } else if (!this.#isWorking || nowMs - this.#pingedMs >= PING_EVERY_MS) {
      this.#pingedMs = nowMs;
      this.send(PING[this.#options.format]);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOpen = false;
    this.#socket.close();
  }

  #receive(datagram: Buffer): void {
    if (this.#isClosed || datagram.length > MAX_PACKET_BYTES) return;
    const { crypt, format, voice } = this.#options;
    const text = crypt.decrypt(datagram);
    if (text === null) {
      this.#isRefusedSinceLook = true;
      return;
    }
    this.#isHeardSinceLook = true;
    if (isPing(format, text)) this.#isWorking = true;
    else voice(text);
  }
}

function ignoreError(): void {}
