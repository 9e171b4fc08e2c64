import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useAudioLevelIndication,
} from 'werift';
import { WebSocket } from 'ws';
import { createRepetitionFilter } from '../../bench/client/hello-verify.ts';
import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import { eventually } from './eventually.ts';
import { everyFrame } from './every-frame.ts';
import { type HeardPacket, Hearing } from './hearing.ts';
import { createFrameEncoder, FRAME_SAMPLES } from './opus.ts';
import { rmsDbfs, toInt16 } from './signal.ts';

/** 20 ms of what the microphone picks up, by frame number. `undefined` is silence, sent with DTX. */
export type Sound = (frame: number) => Float32Array | undefined;

export const silence: Sound = () => undefined;

/** An endless tone without steps between the frames. */
export function toneSound(frequencyHz: number, amplitude = 0.25): Sound {
  const step = (2 * Math.PI * frequencyHz) / 48_000;
  return (frame) =>
    Float32Array.from(
      { length: FRAME_SAMPLES },
      (_, index) => amplitude * Math.sin(step * (frame * FRAME_SAMPLES + index)),
    );
}

export interface JoinOptions {
  /** `ws://127.0.0.1:8080/ws` */
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly token?: string;
}

const SILENT_FRAME = new Int16Array(FRAME_SAMPLES);

/**
 * A stand-in for a browser: a whole WebRTC implementation that shares no code with the server below DTLS (ICE, SRTP and
 * RTP are werift's own), a microphone with real Opus, and ears that keep every packet.
 */
export class WeriftParticipant {
  readonly id: string;
  /** All messages of the server, in order. */
  readonly messages: readonly ServerMessage[];
  readonly hearing: Hearing;
  readonly #socket: WebSocket;
  readonly #peer: RTCPeerConnection;
  readonly #microphone: Microphone;

  private constructor(
    id: string,
    socket: WebSocket,
    messages: ServerMessage[],
    peer: RTCPeerConnection,
    track: MediaStreamTrack,
    hearing: Hearing,
  ) {
    this.id = id;
    this.#socket = socket;
    this.messages = messages;
    this.#peer = peer;
    this.hearing = hearing;
    this.#microphone = new Microphone(track, audioLevelId(peer));
  }

  /** Resolves when media flows. If the server refuses, rejects with its message. */
  static async join({ url, ...join }: JoinOptions): Promise<WeriftParticipant> {
    const socket = new WebSocket(url);
    const messages: ServerMessage[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data)) as ServerMessage));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const peer = createPeer();
    try {
      const track = new MediaStreamTrack({ kind: 'audio' });
      peer.addTransceiver(track, { direction: 'sendrecv' });
      const hearing = new Hearing();
      peer.onTrack.subscribe((heard) => {
        heard.onReceiveRtp.subscribe((packet) => hearing.add(heardPacket(packet)));
      });
      send(socket, { type: 'join', data: true, ...join });
      const { participantId } = await message(messages, 'joined');
      await peer.setLocalDescription(await offer(peer));
      send(socket, { type: 'offer', sdp: peer.localDescription!.sdp });
      const { sdp } = await message(messages, 'answer');
      await peer.setRemoteDescription({ type: 'answer', sdp });
      await eventually(() => peer.connectionState === 'connected' || `the connection is ${peer.connectionState}`);
      await message(messages, 'media_connected');
      return new WeriftParticipant(participantId, socket, messages, peer, track, hearing);
    } catch (error) {
      socket.close();
      await peer.close();
      throw error;
    }
  }

  /** What the microphone picks up from the next frame on. Frame numbers start at 0 here. */
  say(sound: Sound): void {
    this.#microphone.take(sound);
  }

  send(message: ClientMessageInput): void {
    send(this.#socket, message);
  }

  setMuted(muted: boolean): void {
    this.send({ type: 'mute', muted });
  }

  /** Resolves with the first message of a type, even if it has yet to arrive. */
  message<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    return message(this.messages, type);
  }

  /** Sends a leave message, then closes everything. */
  async leave(): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) this.send({ type: 'leave' });
    await this.close();
  }

  /** As when a page is closed. */
  async close(): Promise<void> {
    this.#microphone.close();
    this.#socket.close();
    await this.#peer.close();
  }
}

/** Sends a frame every 20 ms, encoded as Chromium would. */
class Microphone {
  readonly #track: MediaStreamTrack;
  readonly #levelId: number;
  readonly #encode = createFrameEncoder({ dtx: true });
  readonly #hangUp: () => void;
  #sound: Sound = silence;
  #frame = 0;
  #sequenceNumber = 1000;
  #inDtx = false;

  constructor(track: MediaStreamTrack, levelId: number) {
    this.#track = track;
    this.#levelId = levelId;
    this.#hangUp = everyFrame((n) => this.#sendFrame(n));
  }

  take(sound: Sound): void {
    this.#sound = sound;
    this.#frame = 0;
  }

  close(): void {
    this.#hangUp();
  }

  /** @param n counts all frames since the start, and so the time */
  #sendFrame(n: number): void {
    const samples = this.#sound(this.#frame++);
    const pcm = samples === undefined ? SILENT_FRAME : toInt16(samples);
    const payload = this.#encode(pcm);
    const timestamp = (n * FRAME_SAMPLES) >>> 0;
    // Of a run of DTX frames (1 or 2 bytes), browsers send only the first one.
    const wasInDtx = this.#inDtx;
    this.#inDtx = payload.length <= 2;
    if (wasInDtx && this.#inDtx) return;
    const level = Math.min(127, Math.max(0, Math.round(-rmsDbfs(pcm))));
    const header = new RtpHeader({
      sequenceNumber: this.#sequenceNumber,
      timestamp,
      marker: wasInDtx,
      extension: true,
      extensions: [{ id: this.#levelId, payload: Buffer.from([level | (level < 50 ? 0x80 : 0)]) }],
    });
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    this.#track.writeRtp(new RtpPacket(header, Buffer.from(payload)));
  }
}

function createPeer(): RTCPeerConnection {
  return new RTCPeerConnection({
    // Only the loopback interface, which werift leaves out by default.
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceInterfaceAddresses: { udp4: '127.0.0.1' },
    codecs: {
      audio: [
        new RTCRtpCodecParameters({
          mimeType: 'audio/opus',
          clockRate: 48_000,
          channels: 2,
          payloadType: 111,
          parameters: 'minptime=10;useinbandfec=1',
        }),
      ],
      video: [],
    },
    headerExtensions: { audio: [useAudioLevelIndication()], video: [] },
  });
}

async function offer(peer: RTCPeerConnection) {
  const description = await peer.createOffer();
  // Without servers in its configuration, werift asks a public one.
  for (const { connection } of peer.iceTransports) {
    delete connection.stunServer;
    const { execute } = connection.onData;
    const isRepeated = createRepetitionFilter();
    connection.onData.execute = (datagram) => {
      if (!isRepeated(datagram)) execute(datagram);
    };
  }
  return description;
}

function audioLevelId(peer: RTCPeerConnection): number {
  const uri = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
  const extensions = peer.getTransceivers().flatMap((transceiver) => transceiver.headerExtensions);
  const extension = extensions.find((candidate) => candidate.uri === uri);
  if (extension === undefined) throw new Error('the audio level was not agreed on');
  return extension.id;
}

function heardPacket({ header, payload }: RtpPacket): HeardPacket {
  const { sequenceNumber, timestamp, marker, payloadType } = header;
  return { sequenceNumber, timestamp, marker, payloadType, payload, atMs: performance.now() };
}

function send(socket: WebSocket, message: ClientMessageInput): void {
  socket.send(JSON.stringify(message));
}

async function message<T extends ServerMessage['type']>(
  messages: readonly ServerMessage[],
  type: T,
): Promise<Extract<ServerMessage, { type: T }>> {
  const find = (wanted: string) => messages.find((candidate) => candidate.type === wanted);
  await eventually(() => find(type) !== undefined || find('error') !== undefined || `no ${type} came`);
  const found = find(type);
  if (found === undefined) throw new Error(`the server refuses: ${JSON.stringify(find('error'))}`);
  return found as Extract<ServerMessage, { type: T }>;
}
