import type { IceServer } from '../../src/protocol/messages.ts';
import type { AudioCodec, Environment } from './environment.ts';
import { askForStereo } from './stereo-offer.ts';

/** ICE may recover from `disconnected` by itself; after this time a restart is faster. */
const DISCONNECTED_LIMIT_MS = 1500;

export interface MediaLinkEvents {
  /** The mix of everyone else, to be played. */
  stream(stream: MediaStream): void;
  connected(): void;
  /** Nothing arrives at the moment; `connected`, `lost` or `failed` follows. */
  interrupted(): void;
  /** The connection was established and does not recover by itself; an ICE restart may help. */
  lost(): void;
  /** This connection will not work any more. */
  failed(): void;
}

/**
 * One RTCPeerConnection with one audio transceiver. It is `sendrecv` even without a microphone, so that `replaceTrack`
 * can add and remove a track without another offer.
 */
export class MediaLink {
  readonly #environment: Environment;
  readonly #connection: RTCPeerConnection;
  readonly #transceiver: RTCRtpTransceiver;
  #cancelTimer = () => {};
  #wasConnected = false;
  #closed = false;

  constructor(environment: Environment, iceServers: readonly IceServer[], events: MediaLinkEvents) {
    this.#environment = environment;
    this.#connection = environment.createPeerConnection({
      bundlePolicy: 'max-bundle',
      iceServers: toConfiguration(iceServers),
    });
    this.#transceiver = this.#connection.addTransceiver('audio', { direction: 'sendrecv' });
    preferRedundantOpus(this.#transceiver, environment.audioCodecs());
    // The server has an adaptive jitter buffer per talker, so the browser should add as little delay as possible.
    if ('jitterBufferTarget' in this.#transceiver.receiver) this.#transceiver.receiver.jitterBufferTarget = 0;
    this.#connection.ontrack = ({ track }) => {
      if (!this.#closed) events.stream(environment.createStream([track]));
    };
    this.#connection.onconnectionstatechange = () => this.#onStateChange(events);
  }

  /**
   * Returns the offer at once without waiting for candidates, because the server is ICE-lite (RFC 8445 section 2.5) and
   * learns the browser's address from its checks. With `restart` it restarts ICE of an answered connection.
   */
  async createOffer({ restart = false } = {}): Promise<string> {
    const offer = await this.#connection.createOffer({ iceRestart: restart });
    const sdp = askForStereo(offer.sdp ?? '');
    await this.#connection.setLocalDescription({ type: 'offer', sdp });
    return this.#connection.localDescription?.sdp ?? sdp;
  }

  /** Applies from the next restart on, because credentials of TURN servers expire. */
  setIceServers(iceServers: readonly IceServer[]): void {
    const configuration = this.#connection.getConfiguration();
    this.#connection.setConfiguration({ ...configuration, iceServers: toConfiguration(iceServers) });
  }

  get isConnected(): boolean {
    return !this.#closed && this.#connection.connectionState === 'connected';
  }

  /** Applies the answer; ignored after `close`. Rejects if the browser refuses it. */
  async acceptAnswer(sdp: string): Promise<void> {
    if (!this.#closed) await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  async setTrack(track: MediaStreamTrack | null): Promise<void> {
    if (!this.#closed) await this.#transceiver.sender.replaceTrack(track);
  }

  /** The browser's statistics; null after `close`. */
  async stats(): Promise<RTCStatsReport | null> {
    return this.#closed ? null : this.#connection.getStats();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    this.#connection.ontrack = this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  #onStateChange(events: MediaLinkEvents): void {
    const state = this.#connection.connectionState;
    this.#cancelTimer();
    if (state === 'connected') {
      this.#wasConnected = true;
      events.connected();
    } else if (state === 'failed') {
      if (this.#wasConnected) events.lost();
      else events.failed();
    } else if (state === 'disconnected') {
      this.#cancelTimer = this.#environment.setTimer(DISCONNECTED_LIMIT_MS, () => events.lost());
      events.interrupted();
    }
  }
}

/**
 * Opus with a copy of the previous frame in each packet (RFC 2198) if the browser supports it, otherwise Opus alone.
 */
function preferRedundantOpus(transceiver: RTCRtpTransceiver, codecs: readonly AudioCodec[]): void {
  const named = (mimeType: string) => codecs.filter((codec) => codec.mimeType.toLowerCase() === mimeType);
  const opus = named('audio/opus');
  if (opus.length > 0) transceiver.setCodecPreferences?.([...named('audio/red'), ...opus]);
}

/** As browsers want it. */
export function toConfiguration(iceServers: readonly IceServer[]): RTCIceServer[] {
  return iceServers.map((server) => ({ ...server, urls: [...server.urls] }));
}
