/** One TLS connection to another Mumble server: frames and messages, and whom it belongs to. */
import { connect, type TLSSocket } from 'node:tls';
import { encodeFrame, FrameReader } from '../mumble/wire/frames.ts';
import { MESSAGES, type MessageName, type Received, readMessage, TYPE } from '../mumble/wire/messages.ts';
import { encodeMessage, type MessageValues } from '../mumble/wire/protobuf.ts';
import { MAX_PACKET_BYTES } from '../mumble/wire/voice-packet.ts';
import type { ClientCertificate } from './identity-certificate.ts';

/** Where the server is, and how it proves that it is this one. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /**
   * SHA-256 of certificates that are accepted, whoever has signed them, in lower-case hexadecimal. None: a known
   * authority must have signed the certificate for this host.
   */
  readonly pins: readonly string[];
}

/** Why a connection has ended. */
export type LinkEnd =
  /** There is no way to the server, or it does not answer. */
  | 'unreachable'
  /** It closes connections before anything is said: it has banned this address. */
  | 'banned'
  /** Its certificate is not the one that is expected. */
  | 'untrusted'
  /** It, or the network, has ended a connection that stood. */
  | 'lost';

export interface LinkEvents {
  /** TLS stands, and the server has proved who it is. */
  secured(): void;
  message(message: Received): void;
  /** A voice packet from the tunnel; a view that stays valid. */
  voice(packet: Uint8Array): void;
  /** At most once. `detail` is for the log. */
  closed(end: LinkEnd, detail: string): void;
}

/** Welcome texts and messages may contain pictures. */
const MAX_LENGTH = 1_048_576;
/** Beyond that, voice is left out, because late voice is worthless. */
const VOICE_BEHIND_BYTES = 32_768;
const MAX_BEHIND_BYTES = 1_048_576;

export class ServerLink {
  readonly #socket: TLSSocket;
  readonly #events: LinkEvents;
  readonly #pins: readonly string[];
  readonly #frames: FrameReader;
  #isConnected = false;
  #isSecured = false;
  #isUntrusted = false;
  #isOver = false;
  #problem = '';

  constructor({ host, port, pins }: ServerAddress, certificate: ClientCertificate | null, events: LinkEvents) {
    this.#events = events;
    this.#pins = pins;
    this.#frames = new FrameReader(MAX_LENGTH, (type, payload) => this.#receive(type, payload));
    this.#socket = connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      ...certificate,
      // A pinned certificate is compared below, before anything is said.
      rejectUnauthorized: pins.length === 0,
    });
    this.#socket.setNoDelay(true);
    this.#socket.once('connect', () => {
      this.#isConnected = true;
    });
    this.#socket.once('secureConnect', () => this.#secured());
    this.#socket.on('data', (bytes) => {
      if (!this.#isOver && !this.#frames.push(bytes)) this.close();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#problem = error.message;
      this.#isUntrusted ||= this.#socket.authorizationError !== null && this.#socket.authorizationError !== undefined;
    });
    this.#socket.once('close', () => this.#closed());
  }

  /** The addresses of the connection, for UDP; undefined if it does not stand. */
  get path(): { readonly address: string; readonly port: number } | undefined {
    const { remoteAddress: address, remotePort: port } = this.#socket;
    return address === undefined || port === undefined ? undefined : { address, port };
  }

  send<N extends MessageName>(name: N, values: MessageValues<(typeof MESSAGES)[N]>): void {
    if (this.#isOver || !this.#isSecured) return;
    this.#socket.write(encodeFrame(TYPE[name], encodeMessage<(typeof MESSAGES)[N]>(MESSAGES[name], values)));
    if (this.#socket.writableLength > MAX_BEHIND_BYTES) this.close();
  }

  /** Sends a voice packet through the tunnel. False if it was left out. */
  sendVoice(packet: Uint8Array): boolean {
    if (this.#isOver || !this.#isSecured || this.#socket.writableLength > VOICE_BEHIND_BYTES) return false;
    this.#socket.write(encodeFrame(TYPE.udpTunnel, packet));
    return true;
  }

  /** Idempotent. `closed` follows, unless it was called before. */
  close(): void {
    this.#frames.stop();
    this.#socket.destroy();
  }

  #secured(): void {
    const { fingerprint256 = '' } = this.#socket.getPeerX509Certificate() ?? {};
    const digest = fingerprint256.replaceAll(':', '').toLowerCase();
    if (this.#pins.length > 0 && !this.#pins.includes(digest)) {
      this.#isUntrusted = true;
      this.#problem = `the SHA-256 of its certificate is ${digest}`;
      this.close();
      return;
    }
    this.#isSecured = true;
    this.#events.secured();
  }

  #receive(type: number, payload: Uint8Array): void {
    if (!this.#isSecured || this.#isOver) return;
    if (type === TYPE.udpTunnel) {
      if (payload.length <= MAX_PACKET_BYTES) this.#events.voice(payload);
      return;
    }
    const message = readMessage(type, payload);
    if (message === null) {
      this.#problem = 'it has sent something malformed';
      this.close();
    } else if (message !== undefined) this.#events.message(message);
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#frames.stop();
    this.#events.closed(this.#end(), this.#problem);
  }

  #end(): LinkEnd {
    if (this.#isUntrusted) return 'untrusted';
    if (this.#isSecured) return 'lost';
    return this.#isConnected ? 'banned' : 'unreachable';
  }
}
