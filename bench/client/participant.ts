import { randomBytes } from 'node:crypto';
import { writeRed } from '../../src/rtc/rtp/red.ts';
import { writeReport } from '../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader, type RtpHeader, writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { SRTP_MAX_OVERHEAD } from '../../src/rtc/srtp/srtp-session.ts';
import type { LoopWatch } from './loop-watch.ts';
import { type Certificate, MediaTransport } from './media-transport.ts';
import type { EncodedFrame, Programme } from './programme.ts';
import { ReceiveCounters } from './receive-counters.ts';
import { openSignaling, type RoomSignaling, type ServerKind } from './room-signaling.ts';
import {
  type Answer,
  AUDIO_LEVEL_EXTENSION_ID,
  OPUS_PAYLOAD_TYPE,
  RED_PAYLOAD_TYPE,
  readAnswer,
  writeOffer,
} from './session-description.ts';

const FRAME_SAMPLES = 960;
const HEADER_WITH_LEVEL = 20;
/** Size of a receiver report on one stream. */
const REPORT_BYTES = 32;

export interface ReceivedPayload {
  /** Valid only during the call. */
  readonly payload: Uint8Array;
  readonly header: Readonly<RtpHeader>;
  readonly atMs: number;
}

export interface JoinOptions {
  /** Knows for how long this process did not read its sockets. */
  readonly loop?: LoopWatch;
  /** The kind of server at `url`. Partyline by default. */
  readonly server?: ServerKind;
  /** For example `ws://127.0.0.1:8080/ws`. */
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly certificate: Certificate;
  /** If the server reads RED, each packet repeats the one before (RFC 2198), as Chromium does on the page. */
  readonly red?: boolean;
  /** Whether what is sent and played is in stereo. */
  readonly stereo?: boolean;
  /** Decrypts what arrives and passes it on. Without this, packets are only counted. */
  readonly onPayload?: (received: ReceivedPayload) => void;
}

/**
 * One participant that costs little: signaling, ICE and DTLS are like a browser's, the sound was encoded beforehand,
 * and received packets are only counted.
 */
export class LightParticipant {
  readonly received = new ReceiveCounters();
  /** Whether the server asked for DTX. */
  readonly dtx: boolean;
  readonly #signaling: RoomSignaling;
  readonly #transport: MediaTransport;
  readonly #beganAtMs: number;
  readonly #ssrc: number;
  readonly #heardSsrc: number | null;
  /** The media port of the server. */
  readonly serverPort: number;
  readonly #red: boolean;
  /** The last payload sent. */
  #previous: Uint8Array | null = null;
  #sequenceNumber = randomBytes(2).readUInt16BE() >> 1;
  #timestamp = randomBytes(4).readUInt32BE();
  #programme: Programme = [];
  #position = 0;
  #paused = true;

  private constructor(
    signaling: RoomSignaling,
    transport: MediaTransport,
    beganAtMs: number,
    ssrc: number,
    { dtx, ssrc: heardSsrc, port }: Answer,
    red: boolean,
  ) {
    this.#signaling = signaling;
    this.#transport = transport;
    this.#beganAtMs = beganAtMs;
    this.#ssrc = ssrc;
    this.#heardSsrc = heardSsrc;
    this.serverPort = port;
    this.#red = red;
    this.dtx = dtx;
  }

  /** Resolves when media can flow both ways. Rejects if the server refuses or does not answer. */
  static async join(options: JoinOptions): Promise<LightParticipant> {
    const { server = 'partyline', url, room, name, certificate, red = false, stereo = false } = options;
    const beganAtMs = performance.now();
    const signaling = await openSignaling(server, url);
    try {
      await signaling.join(room, name);
      const ssrc = randomBytes(4).readUInt32BE();
      const ice = { iceUfrag: randomBytes(4).toString('hex'), icePwd: randomBytes(18).toString('base64') };
      const offer = writeOffer({ ...ice, ssrc, red, stereo, fingerprint: certificate.fingerprint });
      const answer = readAnswer(await signaling.negotiate(offer));
      // Packets may arrive before the participant exists.
      let participant: LightParticipant | undefined;
      const transport = await MediaTransport.connect({
        ...ice,
        answer,
        certificate,
        onRtp: (packet) => {
          if (participant !== undefined) participant.#onRtp(packet, options);
        },
      });
      participant = new LightParticipant(signaling, transport, beganAtMs, ssrc, answer, red && answer.red);
      return participant;
    } catch (error) {
      signaling.close();
      throw error;
    }
  }

  /** Time from opening the WebSocket to the first packet with sound in it; null until then. */
  get firstSoundMs(): number | null {
    const { firstSoundAtMs } = this.received;
    return firstSoundAtMs === undefined ? null : firstSoundAtMs - this.#beganAtMs;
  }

  /** Tells the server, but sends the same as before: the server must not rely on a muted client being silent. */
  setMuted(muted: boolean): void {
    this.#signaling.setMuted?.(muted);
  }

  /** Asks the server for another gain for somebody's voice in what this participant hears. */
  hear({ id }: LightParticipant, gain: number): void {
    if (id !== undefined) this.#signaling.hear?.(id, gain);
  }

  /** The id in the room, if the server has told it. */
  get id(): string | undefined {
    return this.#signaling.participantId;
  }

  /** From now on sends this programme, starting at entry `position`. */
  say(programme: Programme, position = 0): void {
    this.#programme = programme;
    this.#position = position;
  }

  /** Sends the next 20 ms of the programme. */
  sendNext(): void {
    const frame = this.#programme[this.#position % Math.max(1, this.#programme.length)];
    this.#position++;
    if (frame !== undefined) this.send(frame);
    else this.skip();
  }

  /** Sends nothing for 20 ms. */
  skip(): void {
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    this.#paused = true;
  }

  send(frame: EncodedFrame): void {
    this.#transport.send(this.seal(frame));
  }

  /** Returns the SRTP packet of the next 20 ms, for callers that send it later. */
  seal({ payload, levelDbov, voice }: EncodedFrame): Uint8Array {
    const previous = this.#red && !this.#paused ? this.#previous : null;
    const redundant = previous && writeRed(previous, FRAME_SAMPLES, payload, OPUS_PAYLOAD_TYPE);
    this.#previous = payload;
    const sent = redundant ?? payload;
    const packet = Buffer.allocUnsafe(HEADER_WITH_LEVEL + sent.length + SRTP_MAX_OVERHEAD);
    const payloadType = redundant === null ? OPUS_PAYLOAD_TYPE : RED_PAYLOAD_TYPE;
    // RFC 3551 section 4.1: the marker starts a talkspurt.
    writeRtpHeader(packet, payloadType, this.#sequenceNumber, this.#timestamp, this.#ssrc, this.#paused);
    packet[0]! |= 0x10;
    // RFC 8285 section 4.2 with the one element of RFC 6464.
    packet.writeUInt32BE(0xbede0001, 12);
    packet[16] = AUDIO_LEVEL_EXTENSION_ID << 4;
    packet[17] = (voice ? 0x80 : 0) | -levelDbov;
    packet.fill(0, 18, HEADER_WITH_LEVEL);
    packet.set(sent, HEADER_WITH_LEVEL);
    const length = this.#transport.srtp.protectRtp(packet, HEADER_WITH_LEVEL, HEADER_WITH_LEVEL + sent.length);
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    this.#paused = false;
    return packet.subarray(0, length);
  }

  /** Sends what `seal` made. */
  sendSealed(packet: Uint8Array): void {
    this.#transport.send(packet);
  }

  /** Reports to the server that this share of its packets was lost (RFC 3550 section 6.4.2). */
  reportLoss(share: number): void {
    if (this.#heardSsrc === null) return;
    const report = {
      ssrc: this.#heardSsrc,
      fractionLost: Math.round(share * 256),
      cumulativeLost: 0,
      highestSequenceNumber: 0,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    const packet = Buffer.alloc(REPORT_BYTES + SRTP_MAX_OVERHEAD);
    const length = this.#transport.srtp.protectRtcp(packet, writeReport(packet, 0, this.#ssrc, null, [report]));
    this.#transport.send(packet.subarray(0, length));
  }

  close(): void {
    this.#signaling.close();
    this.#transport.close();
  }

  #onRtp(packet: Buffer, { loop, onPayload }: JoinOptions): void {
    const atMs = performance.now();
    this.received.count(packet, atMs, loop?.waitMs(atMs));
    if (onPayload === undefined) return;
    const header = createRtpHeader();
    if (!parseRtpHeader(packet, header, null)) return;
    const end = this.#transport.srtp.unprotectRtp(packet, header);
    if (typeof end === 'number') onPayload({ payload: packet.subarray(header.headerLength, end), header, atMs });
  }
}
