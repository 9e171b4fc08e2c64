import { shortened } from './peer-messages.ts';

/** Small enough for every browser to take as one message. */
const CHUNK = 16 * 1024;
/** The file is read in pieces of this size. */
const PIECE = 16 * CHUNK;
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 256 * 1024;
/** Candidates that take longer are left out. */
const GATHERING_MS = 2000;
const RECEIVED = 'received';

export interface FileChannelEvents {
  /** From 0 to 1. */
  progress(part: number): void;
  /** The connection is lost, or was never made. */
  failed(): void;
}

/** One RTCDataChannel between two browsers, reliable and in order, for one file (RFC 8831). */
export class FileChannel {
  readonly #connection: RTCPeerConnection;
  readonly #events: FileChannelEvents;
  #isClosed = false;

  constructor(iceServers: readonly RTCIceServer[], events: FileChannelEvents) {
    this.#connection = new RTCPeerConnection({ iceServers: [...iceServers] });
    this.#events = events;
    this.#connection.onconnectionstatechange = () => {
      if (['failed', 'closed'].includes(this.#connection.connectionState)) this.#fail();
    };
  }

  /** Sends the file as soon as the other side answers. Resolves with the description for it. */
  async offer(file: Blob, done: () => void): Promise<string> {
    const channel = this.#connection.createDataChannel('file', { ordered: true });
    channel.onopen = () => this.#send(channel, file).catch(() => this.#fail());
    channel.onmessage = ({ data }) => {
      if (data !== RECEIVED) return;
      this.close();
      done();
    };
    channel.onclose = () => this.#fail();
    return this.#describe(await this.#connection.createOffer());
  }

  /** Receives so many bytes. Resolves with the description that answers this one. */
  async answer(sdp: string, size: number, done: (file: Blob) => void): Promise<string> {
    this.#connection.ondatachannel = ({ channel }) => this.#receive(channel, size, done);
    await this.#connection.setRemoteDescription({ type: 'offer', sdp });
    return this.#describe(await this.#connection.createAnswer());
  }

  /** The other side's answer. */
  async accept(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  #fail(): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.failed();
  }

  async #describe(description: RTCSessionDescriptionInit): Promise<string> {
    const connection = this.#connection;
    await connection.setLocalDescription(description);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHERING_MS);
      const look = () => {
        if (connection.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        resolve();
      };
      connection.onicegatheringstatechange = look;
      look();
    });
    return shortened(connection.localDescription?.sdp ?? '');
  }

  async #send(channel: RTCDataChannel, file: Blob): Promise<void> {
    channel.bufferedAmountLowThreshold = LOW_WATER;
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = await file.slice(at, at + PIECE).arrayBuffer();
      for (let chunk = 0; chunk < piece.byteLength; chunk += CHUNK) channel.send(piece.slice(chunk, chunk + CHUNK));
      this.#events.progress(Math.min(1, (at + PIECE) / file.size));
      if (channel.bufferedAmount > HIGH_WATER)
        await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }));
      if (this.#isClosed) return;
    }
    // Of an empty file nothing comes that could tell its end.
    if (file.size === 0) channel.send(new ArrayBuffer(0));
  }

  #receive(channel: RTCDataChannel, size: number, done: (file: Blob) => void): void {
    const parts: ArrayBuffer[] = [];
    let received = 0;
    channel.binaryType = 'arraybuffer';
    channel.onclose = () => {
      this.#fail();
      this.#connection.close();
    };
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!(data instanceof ArrayBuffer) || received + data.byteLength > size) return this.#fail();
      parts.push(data);
      received += data.byteLength;
      this.#events.progress(size === 0 ? 1 : received / size);
      if (received < size) return;
      // The sender closes the connection when it has read this.
      this.#isClosed = true;
      channel.send(RECEIVED);
      // A type would let the browser open it in place of saving it.
      done(new Blob(parts, { type: 'application/octet-stream' }));
    };
  }
}
