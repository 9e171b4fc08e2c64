import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Certificate, MediaTransport } from '../../bench/client/media-transport.ts';
import { type Answer, readAnswer, writeOffer } from '../../bench/client/session-description.ts';
import { SignalingClient } from '../../bench/client/signaling.ts';
import { writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';

const OPUS = 111;
const HEADER = 20;
const MAX_OVERHEAD = 20;
const FRAME_SAMPLES = 960;
const BUSY_MS = 30_000;
const RETRY_MS = 500;

export interface RawJoinOptions {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly certificate: Certificate;
  readonly ssrc?: number;
  readonly sequenceNumber?: number;
}

/** A participant who has joined and negotiated, but has no media yet. */
export interface Negotiated {
  readonly signaling: SignalingClient;
  readonly answer: Answer;
  readonly iceUfrag: string;
  readonly icePwd: string;
}

/** Retries while the server is too busy for newcomers, as on a machine that does other things too. */
export async function negotiate(options: RawJoinOptions): Promise<Negotiated> {
  const endMs = performance.now() + BUSY_MS;
  for (;;) {
    try {
      return await negotiateOnce(options);
    } catch (error) {
      if (!String(error).includes('server_busy') || performance.now() > endMs) throw error;
      await sleep(RETRY_MS);
    }
  }
}

async function negotiateOnce({ url, room, name, certificate, ssrc = 1 }: RawJoinOptions): Promise<Negotiated> {
  const signaling = await SignalingClient.open(url);
  try {
    await signaling.join(room, name);
    const ice = { iceUfrag: randomBytes(4).toString('hex'), icePwd: randomBytes(18).toString('base64') };
    const offer = writeOffer({ ...ice, ssrc, fingerprint: certificate.fingerprint });
    return { signaling, answer: readAnswer(await signaling.negotiate(offer)), ...ice };
  } catch (error) {
    signaling.close();
    throw error;
  }
}

/** A real participant with keys, whose packets contain whatever a test wants. */
export class RawParticipant {
  ssrc: number;
  sequenceNumber: number;
  timestamp = 0;
  /** RTP packets received. */
  received = 0;
  readonly #signaling: SignalingClient;
  readonly #transport: MediaTransport;

  private constructor(
    signaling: SignalingClient,
    transport: MediaTransport,
    { ssrc = 1, sequenceNumber = 0 }: RawJoinOptions,
  ) {
    this.#signaling = signaling;
    this.#transport = transport;
    this.ssrc = ssrc;
    this.sequenceNumber = sequenceNumber;
  }

  /** Rejects if the server does not continue the handshake. */
  static async join(options: RawJoinOptions): Promise<RawParticipant> {
    const { signaling, ...negotiated } = await negotiate(options);
    let received: () => void = () => {};
    try {
      const { certificate } = options;
      const transport = await MediaTransport.connect({ ...negotiated, certificate, onRtp: () => received() });
      const participant = new RawParticipant(signaling, transport, options);
      received = () => participant.received++;
      return participant;
    } catch (error) {
      signaling.close();
      throw error;
    }
  }

  /** Continues as another source, whose numbers start where the test says. */
  changeSource(ssrc: number, sequenceNumber: number, timestamp: number): void {
    this.#transport.changeSource();
    this.ssrc = ssrc;
    this.sequenceNumber = sequenceNumber;
    this.timestamp = timestamp;
  }

  /** Sends the next 20 ms, loud according to the header. */
  sendRtp(payload: Uint8Array, levelDbov = -10): void {
    this.#transport.send(this.#protect(payload, levelDbov));
  }

  /** The same, but the packet is lost. */
  loseRtp(payload: Uint8Array): void {
    this.#protect(payload, -10);
  }

  #protect(payload: Uint8Array, levelDbov: number): Uint8Array {
    const packet = Buffer.alloc(HEADER + payload.length + MAX_OVERHEAD);
    writeRtpHeader(packet, OPUS, this.sequenceNumber, this.timestamp, this.ssrc, false);
    packet[0]! |= 0x10;
    packet.writeUInt32BE(0xbede0001, 12);
    packet[16] = 0x10;
    packet[17] = 0x80 | -levelDbov;
    packet.set(payload, HEADER);
    const length = this.#transport.srtp.protectRtp(packet, HEADER, HEADER + payload.length);
    this.skip(1);
    return packet.subarray(0, length);
  }

  /** As if this many packets had been sent and lost. */
  skip(packets: number): void {
    this.sequenceNumber = (this.sequenceNumber + packets) & 0xffff;
    this.timestamp = (this.timestamp + packets * FRAME_SAMPLES) >>> 0;
  }

  /** Encrypts and sends RTCP. */
  sendRtcp(compound: Uint8Array): void {
    const packet = Buffer.alloc(compound.length + MAX_OVERHEAD);
    packet.set(compound);
    this.#transport.send(packet.subarray(0, this.#transport.srtp.protectRtcp(packet, compound.length)));
  }

  close(): void {
    this.#signaling.close();
    this.#transport.close();
  }
}
