/** A participant in Node: the protocol of docs/protocol.md over ws, and WebRTC by werift. */
import { once } from 'node:events';
import opus from '@discordjs/opus';
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket } from 'werift';
import { WebSocket } from 'ws';

export const SAMPLE_RATE = 48_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = (SAMPLE_RATE * FRAME_MS) / 1000;

/** A message of the server. Only these fields are used here. */
interface Message {
  readonly type: string;
  readonly message?: string;
  readonly sdp?: string;
}

export interface ConnectionOptions {
  /** Such as `http://localhost:8080`. */
  readonly server: string;
  readonly room: string;
  readonly name: string;
  readonly token?: string | undefined;
}

/** One stay in a room, with a voice. It does not reconnect. */
export class VoiceConnection {
  readonly #socket: WebSocket;
  readonly #peer: RTCPeerConnection;
  readonly #track: MediaStreamTrack;
  readonly #encoder = new opus.OpusEncoder(SAMPLE_RATE, 1);
  #sequenceNumber = 0;
  #timestamp = 0;

  private constructor(socket: WebSocket, peer: RTCPeerConnection, track: MediaStreamTrack) {
    this.#socket = socket;
    this.#peer = peer;
    this.#track = track;
  }

  /** Resolves when sound flows. Rejects with the words of the server if it refuses. */
  static async open({ server, room, name, token }: ConnectionOptions): Promise<VoiceConnection> {
    const url = new URL('/ws', server);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    const inbox = new Inbox(socket);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'join', room, name, batches: true, ...(token !== undefined && { token }) }));
    await inbox.next('joined');
    const track = new MediaStreamTrack({ kind: 'audio' });
    const peer = createPeer(track);
    await peer.setLocalDescription(await peer.createOffer());
    // Without servers in its configuration, werift asks a public one. This server needs none.
    for (const { connection } of peer.iceTransports) delete connection.stunServer;
    socket.send(JSON.stringify({ type: 'offer', sdp: peer.localDescription?.sdp }));
    const { sdp = '' } = await inbox.next('answer');
    await peer.setRemoteDescription({ type: 'answer', sdp });
    await inbox.next('media_connected');
    return new VoiceConnection(socket, peer, track);
  }

  /** Says this, in real time. Samples at 48 kHz from -1 to 1. */
  async say(samples: Float32Array): Promise<void> {
    const startMs = performance.now();
    for (let start = 0; start < samples.length; start += FRAME_SAMPLES) {
      this.#send(samples.subarray(start, start + FRAME_SAMPLES));
      const dueMs = startMs + (start / FRAME_SAMPLES + 1) * FRAME_MS;
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    }
  }

  async leave(): Promise<void> {
    this.#socket.send(JSON.stringify({ type: 'leave' }));
    this.#socket.close();
    await this.#peer.close();
  }

  #send(samples: Float32Array): void {
    const pcm = Buffer.alloc(FRAME_SAMPLES * 2);
    for (const [index, sample] of samples.entries())
      pcm.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), index * 2);
    const header = new RtpHeader({ sequenceNumber: this.#sequenceNumber, timestamp: this.#timestamp });
    this.#track.writeRtp(new RtpPacket(header, this.#encoder.encode(pcm)));
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
  }
}

/** The messages of the server, until somebody asks for them. */
class Inbox {
  readonly #messages: Message[] = [];
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    socket.on('message', (data) => {
      this.#messages.push(JSON.parse(String(data)) as Message);
      this.#wake();
    });
    socket.on('close', () => {
      this.#messages.push({ type: 'error', message: 'The connection has ended.' });
      this.#wake();
    });
  }

  /** The next message of this type; others before it are skipped. Rejects with an error of the server. */
  async next(type: string): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message?.type === type) return message;
      if (message?.type === 'error') throw new Error(message.message);
      if (message === undefined)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

function createPeer(track: MediaStreamTrack): RTCPeerConnection {
  const codec = new RTCRtpCodecParameters({
    mimeType: 'audio/opus',
    clockRate: SAMPLE_RATE,
    channels: 2,
    payloadType: 111,
  });
  const peer = new RTCPeerConnection({
    codecs: { audio: [codec], video: [] },
    // werift leaves out the loopback interface, where a server on the same machine may be.
    iceAdditionalHostAddresses: ['127.0.0.1'],
  });
  peer.addTransceiver(track, { direction: 'sendonly' });
  return peer;
}
