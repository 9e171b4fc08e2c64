import type { IceServer } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';

/** ICE may find its way back from `disconnected` by itself; after this time a restart is quicker. */
const DISCONNECTED_LIMIT_MS = 1500;

export interface MediaLinkEvents {
  /** The mix of everybody else, to be played. */
  stream(stream: MediaStream): void;
  connected(): void;
  /** Nothing arrives at the moment; `connected`, `lost` or `failed` follows. */
  interrupted(): void;
  /** It stood, and does not come back by itself: an ICE restart may help. */
  lost(): void;
  /** This connection will not work any more. */
  failed(): void;
}

/**
 * One RTCPeerConnection with one audio transceiver. It is `sendrecv` even without a microphone: a track can then be put
 * in and taken out by `replaceTrack`, without another offer.
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
    // The server has an adaptive jitter buffer of its own per talker: the browser need not add more than it must.
    if ('jitterBufferTarget' in this.#transceiver.receiver) this.#transceiver.receiver.jitterBufferTarget = 0;
    this.#connection.ontrack = ({ track }) => {
      if (!this.#closed) events.stream(environment.createStream([track]));
    };
    this.#connection.onconnectionstatechange = () => this.#onStateChange(events);
  }

  /**
   * The offer as it is at once: no candidates are waited for, because the server is ICE-lite (RFC 8445 section 2.5) and
   * learns the browser's address from its checks. With `restart` it restarts ICE of a connection that has been answered.
   */
  async createOffer({ restart = false } = {}): Promise<string> {
    const offer = await this.#connection.createOffer({ iceRestart: restart });
    await this.#connection.setLocalDescription(offer);
    return this.#connection.localDescription?.sdp ?? offer.sdp ?? '';
  }

  /** For what is gathered from the next restart on: credentials of TURN servers expire. */
  setIceServers(iceServers: readonly IceServer[]): void {
    const configuration = this.#connection.getConfiguration();
    this.#connection.setConfiguration({ ...configuration, iceServers: toConfiguration(iceServers) });
  }

  get isConnected(): boolean {
    return !this.#closed && this.#connection.connectionState === 'connected';
  }

  /** Takes the answer; after `close` it is passed over. Rejects when the browser refuses it. */
  async acceptAnswer(sdp: string): Promise<void> {
    if (!this.#closed) await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  async setTrack(track: MediaStreamTrack | null): Promise<void> {
    if (!this.#closed) await this.#transceiver.sender.replaceTrack(track);
  }

  /** Statistics as the browser gives them, null after `close`. */
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

/** Opus with the previous frame in each packet (RFC 2198) where the browser has it, Opus alone elsewhere, nothing else. */
function preferRedundantOpus(transceiver: RTCRtpTransceiver, codecs: readonly RTCRtpCodec[]): void {
  const named = (mimeType: string) => codecs.filter((codec) => codec.mimeType.toLowerCase() === mimeType);
  const opus = named('audio/opus');
  if (opus.length > 0) transceiver.setCodecPreferences?.([...named('audio/red'), ...opus]);
}

function toConfiguration(iceServers: readonly IceServer[]): RTCIceServer[] {
  return iceServers.map((server) => ({ ...server, urls: [...server.urls] }));
}
