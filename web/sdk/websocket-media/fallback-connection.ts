import type { MediaFallback } from './media-fallback.ts';

/**
 * Looks like an `RTCPeerConnection` to the client, as far as the client uses one, and has a real one inside, unless the
 * sound goes over a WebSocket. Whoever uses it does not notice the change.
 */
export class FallbackConnection {
  ontrack: ((event: { track: MediaStreamTrack }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  track: MediaStreamTrack | null = null;
  configuration: RTCConfiguration;
  readonly #media: MediaFallback;
  #real: RTCPeerConnection | null = null;
  #sender: RTCRtpSender | undefined;

  /** @param real null if there is none */
  constructor(media: MediaFallback, configuration: RTCConfiguration, real: RTCPeerConnection | null) {
    this.#media = media;
    this.configuration = configuration;
    this.adopt(real);
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#media.fallback?.state ?? this.#real?.connectionState ?? 'failed';
  }

  get localDescription(): RTCSessionDescription | null {
    return this.#real?.localDescription ?? null;
  }

  addTransceiver(kind: string, init: RTCRtpTransceiverInit): object {
    const transceiver = this.#real?.addTransceiver(kind, init);
    this.#sender = transceiver?.sender;
    return {
      receiver: transceiver?.receiver ?? {},
      setCodecPreferences: (codecs: RTCRtpCodec[]) => transceiver?.setCodecPreferences?.(codecs),
      sender: {
        replaceTrack: async (track: MediaStreamTrack | null) => {
          this.track = track;
          this.#media.fallback?.setTrack(track);
          await this.#sender?.replaceTrack(track);
        },
      },
    };
  }

  /** While the sound goes over a WebSocket, there is nothing to negotiate. */
  createOffer(options: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    if (this.#real !== null) return this.#real.createOffer(options);
    this.#media.fallback?.tryAgain();
    return new Promise(() => {});
  }

  async setLocalDescription(description: RTCLocalSessionDescriptionInit): Promise<void> {
    await this.#real?.setLocalDescription(description);
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.#media.changed(this);
    await this.#real?.setRemoteDescription(description);
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
    this.#real?.setConfiguration(configuration);
  }

  async getStats(): Promise<unknown> {
    return this.#media.fallback?.stats ?? (await this.#real?.getStats()) ?? new Map();
  }

  close(): void {
    const real = this.#real;
    if (real !== null && this.#media.moving.keeps(real)) {
      real.ontrack = real.onconnectionstatechange = null;
      this.#real = null;
    }
    this.adopt(null);
    this.#media.changed(this, true);
  }

  /** From now on this real connection is inside, or none. */
  adopt(real: RTCPeerConnection | null): void {
    const before = this.#real;
    this.#real = real;
    if (before !== null) {
      before.ontrack = before.onconnectionstatechange = null;
      before.close();
    }
    this.#sender = real?.getTransceivers()[0]?.sender;
    void this.#sender?.replaceTrack(this.track);
    if (real === null) return;
    real.ontrack = (event) => this.#media.moving.play(() => this.ontrack?.(event));
    real.onconnectionstatechange = () => {
      if (real.connectionState === 'connected') this.#media.moving.connected();
      this.#media.changed(this);
      this.onconnectionstatechange?.();
    };
  }
}
