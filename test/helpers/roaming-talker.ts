/** A participant who talks all the time, listens, and loses one connection or another in the meantime. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type Certificate, type IceCredentials, MediaTransport } from '../../bench/client/media-transport.ts';
import { encodeProgramme, type Programme } from '../../bench/client/programme.ts';
import { readAnswer, writeOffer } from '../../bench/client/session-description.ts';
import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import { createRtpHeader, parseRtpHeader, writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { SRTP_MAX_OVERHEAD } from '../../src/rtc/srtp/srtp-session.ts';
import { CpuWait } from './cpu-time.ts';
import { everyFrame } from './every-frame.ts';
import { createFrameDecoder } from './opus.ts';
import { tone } from './signal.ts';

type MessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

const OPUS = 111;
const HEADER = 20;
const FRAME_SAMPLES = 960;
const PATIENCE_MS = 5000;
/** The peaks of a tone at half of full scale are far above this. Concealment fades out to below it. */
const LOUD = 1000;

export interface RoamingTalkerOptions {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly certificate: Certificate;
  readonly frequencyHz: number;
}

export class RoamingTalker {
  /** All messages that came over the WebSocket. */
  readonly messages: ServerMessage[] = [];
  /**
   * True for what the client library does. A client that does not restart gets an answer only after the next consent
   * check.
   */
  restartsWhenMoved = false;
  socket!: WebSocket;
  joined!: MessageOf<'joined'>;
  readonly #options: RoamingTalkerOptions;
  readonly #programme: Programme;
  readonly #decode = createFrameDecoder();
  readonly #ssrc = randomBytes(4).readUInt32BE();
  #transport: MediaTransport | undefined;
  #hangUp: () => void = () => {};
  #sequenceNumber = 0;
  #lastLoudMs = 0;
  #longestGapMs = 0;
  readonly #cpuWait = new CpuWait();
  #wake: () => void = () => {};

  private constructor(options: RoamingTalkerOptions) {
    this.#options = options;
    this.#programme = encodeProgramme(tone({ frequencyHz: options.frequencyHz, samples: 96_000 }));
  }

  /** Resolves when media can flow both ways. */
  static async join(options: RoamingTalkerOptions): Promise<RoamingTalker> {
    const talker = new RoamingTalker(options);
    await talker.connect();
    const ice = await talker.#negotiate(false);
    talker.#transport = await MediaTransport.connect({
      ...ice,
      certificate: options.certificate,
      onRtp: (packet) => talker.#hear(packet),
    });
    talker.#hangUp = everyFrame(() => talker.#say());
    return talker;
  }

  /** Opens a WebSocket and joins, with the token of the previous join if there is one. */
  async connect(): Promise<MessageOf<'joined'>> {
    const { url, room, name } = this.#options;
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      this.messages.push(message);
      if (message.type === 'media_moved' && this.restartsWhenMoved) void this.restartIce();
      this.#wake();
    });
    socket.on('error', () => {});
    await once(socket, 'open');
    const resumeToken = this.joined?.resumeToken;
    this.send({ type: 'join', room, name, ...(resumeToken !== undefined && { resumeToken }) });
    this.joined = await this.next('joined');
    return this.joined;
  }

  send(message: ClientMessageInput): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves with the next message of this type from now on. Rejects after some seconds. */
  async next<T extends ServerMessage['type']>(type: T, timeoutMs = PATIENCE_MS): Promise<MessageOf<T>> {
    const from = this.messages.length;
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.messages.slice(from).find((message) => message.type === type);
      if (found !== undefined) return found as MessageOf<T>;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(`no message of type ${type} within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Restarts ICE over the WebSocket. Resolves when the server has answered a check with the new credentials. */
  async restartIce(): Promise<void> {
    await this.#transport?.restartIce(await this.#negotiate(true));
  }

  /** Both connections fall silent, as when a phone is switched off. */
  vanish(): void {
    this.#hangUp();
    this.#transport?.close();
    this.socket.pause();
  }

  /** Starts to measure for how long nobody else is heard. */
  mark(): void {
    this.#lastLoudMs = performance.now();
    this.#longestGapMs = 0;
    this.#cpuWait.reset();
  }

  /**
   * The longest time since the mark in which nobody else was heard, minus the time for which this process, which also
   * runs the server, waited for a CPU.
   */
  get longestGapMs(): number {
    const longestMs = Math.max(this.#longestGapMs, performance.now() - this.#lastLoudMs);
    return Math.max(0, longestMs - this.#cpuWait.ms);
  }

  close(): void {
    this.#hangUp();
    this.#transport?.close();
    this.socket.terminate();
  }

  async #negotiate(restart: boolean): Promise<IceCredentials> {
    const ice = { iceUfrag: randomBytes(4).toString('hex'), icePwd: randomBytes(18).toString('base64') };
    const { fingerprint } = this.#options.certificate;
    const answered = this.next('answer');
    this.send({ type: 'offer', sdp: writeOffer({ ...ice, ssrc: this.#ssrc, fingerprint }), restart });
    return { ...ice, answer: readAnswer((await answered).sdp) };
  }

  #say(): void {
    const transport = this.#transport!;
    const frame = this.#programme[this.#sequenceNumber % this.#programme.length]!;
    const packet = Buffer.alloc(HEADER + frame.payload.length + SRTP_MAX_OVERHEAD);
    const timestamp = (this.#sequenceNumber * FRAME_SAMPLES) >>> 0;
    writeRtpHeader(packet, OPUS, this.#sequenceNumber & 0xffff, timestamp, this.#ssrc, false);
    packet[0]! |= 0x10;
    packet.writeUInt32BE(0xbede0001, 12);
    packet[16] = 0x10;
    packet[17] = 0x80 | -frame.levelDbov;
    packet.set(frame.payload, HEADER);
    this.#sequenceNumber++;
    transport.send(packet.subarray(0, transport.srtp.protectRtp(packet, HEADER, HEADER + frame.payload.length)));
  }

  #hear(packet: Buffer): void {
    const transport = this.#transport;
    const header = createRtpHeader();
    if (transport === undefined || !parseRtpHeader(packet, header, null)) return;
    const end = transport.srtp.unprotectRtp(packet, header);
    if (typeof end !== 'number') return;
    const peak = this.#decode(packet.subarray(header.headerLength, end)).reduce(
      (max, x) => Math.max(max, Math.abs(x)),
      0,
    );
    if (peak < LOUD) return;
    const nowMs = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastLoudMs);
    this.#lastLoudMs = nowMs;
  }
}
