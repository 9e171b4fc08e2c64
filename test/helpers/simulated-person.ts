/**
 * Somebody on a `SimulatedServer`: a page that joins, connects its media, talks, and comes back when something breaks.
 */
import type { Cancel } from '../../src/lib/clock.ts';
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';
import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { UdpSocket } from '../../src/rtc/net/udp-port.ts';
import { createRtpHeader, parseRtpHeader, writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { createBytes } from '../rtc/bytes.ts';
import { type ClientIdentity, createClient } from '../rtc/dtls-client.ts';
import { AUDIO_OFFER } from './offer.ts';
import type { SimulatedServer, SimulatedSocket } from './simulated-server.ts';

const CONSENT_INTERVAL_MS = 5000;
const OPUS = 111;

type DtlsClient = ReturnType<typeof createClient>;

export interface PersonOptions {
  readonly server: SimulatedServer;
  readonly room: string;
  readonly identity: ClientIdentity;
  readonly seed: number;
  readonly takesStereo?: boolean;
  /** What the server says over the WebSocket. */
  readonly onMessage?: (message: ServerMessage) => void;
  /** The payload of each packet with sound, which belongs to the caller. */
  readonly onPayload?: (payload: Buffer) => void;
}

export class SimulatedPerson {
  readonly room: string;
  /** Packets with sound that arrived. */
  packetsHeard = 0;
  #connections = 0;
  readonly #options: PersonOptions;
  readonly #bytes: (length: number) => Buffer;
  #socket: SimulatedSocket | undefined;
  #resumeToken: string | undefined;
  /** Empty before the first join. */
  id = '';
  #media: Media | undefined;
  #gone = false;

  constructor(options: PersonOptions) {
    this.#options = options;
    this.room = options.room;
    this.#bytes = createBytes(options.seed);
    this.join();
  }

  /** How often media was connected. */
  get connections(): number {
    return this.#connections;
  }

  get connected(): boolean {
    return this.#media?.connected ?? false;
  }

  get socketOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Opens a WebSocket and joins, as the same participant as before if there was one. */
  join(): void {
    const { server, seed } = this.#options;
    const socket = server.connect(
      (text) => this.#hear(JSON.parse(text) as ServerMessage),
      () => {
        if (this.#socket === socket) this.#socket = undefined;
      },
    );
    this.#socket = socket;
    const token = this.#resumeToken === undefined ? {} : { resumeToken: this.#resumeToken };
    this.say({ type: 'join', room: this.room, name: `Person ${seed}`, ...token });
  }

  say(message: ClientMessageInput): void {
    this.#socket?.say(JSON.stringify(message));
  }

  /** Sends something that is not a message. */
  babble(): void {
    this.#socket?.say('{"type":"jo');
  }

  /** Starts a media connection, replacing the previous one. */
  offer(): void {
    this.#media?.close();
    this.#media = new Media(this.#options, this.#bytes, {
      offer: (sdp) => this.say({ type: 'offer', sdp }),
      heard: () => {
        this.packetsHeard++;
      },
    });
    this.#media.start();
  }

  sendFrame(payload: Uint8Array): void {
    this.#media?.sendFrame(payload);
  }

  dropSocket(): void {
    this.#socket?.drop(1006);
    this.#socket = undefined;
  }

  /** Says goodbye and leaves. */
  leave(): void {
    this.say({ type: 'leave' });
    this.closePage();
  }

  /** The page is closed. */
  closePage(): void {
    this.#end();
    this.#socket?.drop(1001);
  }

  /** The battery is empty: nothing is sent on either path. */
  vanish(): void {
    this.#end();
    if (this.#socket !== undefined) this.#socket.vanished = true;
  }

  #end(): void {
    this.#gone = true;
    this.#media?.close();
    this.#media = undefined;
  }

  #hear(message: ServerMessage): void {
    if (this.#gone) return;
    this.#options.onMessage?.(message);
    if (message.type === 'joined') {
      this.#resumeToken = message.resumeToken;
      this.id = message.participantId;
      if (!message.mediaResumed) this.offer();
    }
    if (message.type === 'answer') this.#media?.answered(message.sdp);
    if (message.type === 'media_connected') {
      this.#connections++;
      this.#media?.established();
    }
    if (message.type === 'media_closed') this.offer();
  }
}

interface MediaEvents {
  offer(sdp: string): void;
  heard(): void;
}

/** One connection: ICE, DTLS, SRTP. */
class Media {
  readonly #options: PersonOptions;
  readonly #bytes: (length: number) => Buffer;
  readonly #events: MediaEvents;
  readonly #dtls: DtlsClient;
  readonly #port: number;
  readonly #socket: UdpSocket;
  #remote: { readonly ufrag: string; readonly password: string; readonly port: number } | undefined;
  #srtp: SrtpSession | undefined;
  #cancelCheck: Cancel = () => {};
  readonly #header = createRtpHeader();
  #frames = 0;

  constructor(options: PersonOptions, bytes: (length: number) => Buffer, events: MediaEvents) {
    this.#options = options;
    this.#bytes = bytes;
    this.#events = events;
    this.#port = 1024 + (bytes(2).readUInt16BE() % 60_000);
    this.#socket = { send: (datagram: Uint8Array) => this.#receive(Buffer.from(datagram)) } as unknown as UdpSocket;
    this.#dtls = createClient(options.identity, (datagram) => this.#send(datagram));
  }

  /** The answer may arrive at once. */
  start(): void {
    const { value } = this.#options.identity.fingerprint;
    const format = this.#options.takesStereo === true ? `a=fmtp:${OPUS} stereo=1\r\n` : '';
    this.#events.offer(AUDIO_OFFER.replace(/sha-256 \S+/, `sha-256 ${value}`) + format);
  }

  get connected(): boolean {
    return this.#srtp !== undefined;
  }

  answered(sdp: string): void {
    const read = (pattern: RegExp) => pattern.exec(sdp)![1]!;
    this.#remote = {
      ufrag: read(/^a=ice-ufrag:(\S+)/m),
      password: read(/^a=ice-pwd:(\S+)/m),
      port: Number(read(/^a=candidate:\S+ 1 udp \d+ \S+ (\d+)/m)),
    };
    this.#check();
    this.#dtls.client.connect().catch(() => {});
  }

  established(): void {
    const keys = this.#options.server.keys.get(this.#remote?.ufrag ?? '');
    if (keys === undefined) return;
    this.#dtls.stop();
    this.#srtp = new SrtpSession({ ...keys, local: keys.remote, remote: keys.local });
  }

  sendFrame(payload: Uint8Array): void {
    if (this.#srtp === undefined) return;
    const datagram = Buffer.alloc(12 + payload.length + SRTP_MAX_OVERHEAD);
    const number = this.#frames++;
    writeRtpHeader(datagram, OPUS, number & 0xffff, (number * FRAME_SAMPLES) >>> 0, 77, false);
    datagram.set(payload, 12);
    this.#send(datagram.subarray(0, this.#srtp.protectRtp(datagram, 12, 12 + payload.length)));
  }

  close(): void {
    this.#cancelCheck();
    this.#dtls.stop();
    this.#remote = undefined;
    this.#srtp = undefined;
  }

  #check(): void {
    const { clock } = this.#options.server;
    const { ufrag, password } = this.#remote!;
    this.#send(
      writeBindingRequest({
        transactionId: this.#bytes(12),
        username: `${ufrag}:abcd`,
        key: password,
        priority: 1,
        tieBreaker: 1n,
        useCandidate: true,
      }),
    );
    this.#cancelCheck = clock.setTimer(clock.now() + CONSENT_INTERVAL_MS, () => this.#check());
  }

  #send(datagram: Buffer): void {
    if (this.#remote === undefined) return;
    this.#options.server.receive(datagram, this.#remote.port, this.#port, this.#socket);
  }

  #receive(datagram: Buffer): boolean {
    const first = datagram[0]!;
    if (first >= 20 && first < 64 && this.#remote !== undefined) setImmediate(() => this.#dtls.receive(datagram));
    if (first >= 128 && (datagram[1]! & 0x7f) === OPUS) {
      this.#events.heard();
      this.#takePayload(datagram);
    }
    return true;
  }

  #takePayload(packet: Buffer): void {
    const { onPayload } = this.#options;
    if (onPayload === undefined || this.#srtp === undefined || !parseRtpHeader(packet, this.#header, null)) return;
    const end = this.#srtp.unprotectRtp(packet, this.#header);
    if (typeof end === 'number') onPayload(packet.subarray(this.#header.headerLength, end));
  }
}
