import { WebSocket } from 'ws';
import { readFrame, writeAcknowledgement, writeVoice } from '../../web/sdk/websocket-media/frame.ts';
import { everyFrame } from './every-frame.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from './opus.ts';
import { concatInt16, sharedTone, toneLevelDbfs } from './signal.ts';
import { SignalingClient } from './signaling-client.ts';

/** Far below the level at which others talk, and far above what is left of a voice that is not there. */
const AUDIBLE_DBFS = -40;
const ACKNOWLEDGE_EVERY = 5;

/** A native client without WebRTC: a plain WebSocket for what is said about a person, and another one for the sound. */
export class WebSocketPerson {
  readonly signaling: SignalingClient;
  readonly id: string;
  readonly media: WebSocket;
  /** Each frame that was heard. */
  readonly heard: Int16Array[] = [];
  readonly sequences: number[] = [];
  #received = { sequence: 0, atMs: 0 };
  #acknowledged = 0;
  #stop = () => {};

  private constructor(signaling: SignalingClient, id: string, media: WebSocket) {
    this.signaling = signaling;
    this.id = id;
    this.media = media;
    const decode = createFrameDecoder();
    media.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) return;
      const frame = readFrame(Uint8Array.from(data).buffer);
      if (frame?.kind === 'acknowledgement') this.#acknowledged = frame.sequence;
      if (frame?.kind !== 'sound') return;
      this.#received = { sequence: frame.sequence, atMs: performance.now() };
      this.sequences.push(frame.sequence);
      this.heard.push(decode(frame.packet).slice());
    });
  }

  /** @param url of the server, `ws://…/` */
  static async join(url: string, room: string, token: string): Promise<WebSocketPerson> {
    const signaling = await SignalingClient.open(`${url}ws`);
    signaling.send({ type: 'join', room, name: '', token });
    const { participantId, resumeToken } = await signaling.next('joined');
    const media = new WebSocket(`${url}media`);
    const person = new WebSocketPerson(signaling, participantId, media);
    await new Promise<void>((resolve, reject) => {
      media.once('error', reject);
      media.once('close', (code) => reject(new Error(`closed with ${code}`)));
      media.once('open', () => media.send(JSON.stringify({ type: 'attach', room, resumeToken })));
      media.once('message', () => resolve());
    });
    return person;
  }

  /** The last frame that the server has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Sends a tone until `close`, and acknowledges what it hears. */
  say(frequencyHz: number): void {
    const second = sharedTone({ frequencyHz, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 });
    const encode = createFrameEncoder();
    this.#stop = everyFrame((n) => {
      if (this.media.readyState !== WebSocket.OPEN) return;
      const at = (n % 50) * FRAME_SAMPLES;
      const packet = encode(second.subarray(at, at + FRAME_SAMPLES));
      this.media.send(writeVoice({ sequence: n + 1, time: n * FRAME_SAMPLES, levelDbov: -17, packet }));
      const { sequence, atMs } = this.#received;
      if (n % ACKNOWLEDGE_EVERY === 0) this.media.send(writeAcknowledgement(sequence, performance.now() - atMs));
    });
  }

  /** Whether this tone is in what was heard last. */
  hears(frequencyHz: number): boolean {
    return this.heard.length > 30 && toneLevelDbfs(concatInt16(this.heard.slice(-20)), frequencyHz) > AUDIBLE_DBFS;
  }

  close(): void {
    this.#stop();
    this.media.terminate();
    this.signaling.socket.terminate();
  }
}
