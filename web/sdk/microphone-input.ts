import { DeviceError } from './device-error.ts';
import { type MicrophoneRequest, openMicrophone } from './microphone.ts';

/** The microphone of this page: opens it on request, measures its level, and notices when it is unplugged. */
export class MicrophoneInput {
  readonly #onLost: () => void;
  #track: MediaStreamTrack | null = null;
  #context: AudioContext | null = null;
  #source: MediaStreamAudioSourceNode | null = null;
  #analyser: AnalyserNode | null = null;
  #samples = new Float32Array(0);

  /**
   * @param onLost called when the open microphone ends although this page did not close it
   * @internal
   */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** Null while it is closed. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /**
   * Asks the person for a microphone. The previous one is released only when the new one is open. Rejects with a
   * `DeviceError`.
   */
  async open(request: MicrophoneRequest): Promise<MediaStreamTrack> {
    const result = await openMicrophone(request);
    if (!result.ok) throw new DeviceError('audioinput', result.failure, result.detail);
    this.#release();
    result.track.onended = () => this.#ended(result.track);
    this.#measure(result.track);
    this.#track = result.track;
    return result.track;
  }

  /** The current level of the microphone in dBFS; -Infinity without one. */
  levelDbfs(): number {
    if (!this.#analyser) return Number.NEGATIVE_INFINITY;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let power = 0;
    for (const sample of this.#samples) power += sample * sample;
    return 10 * Math.log10(power / this.#samples.length);
  }

  close(): void {
    this.#release();
    void this.#context?.close();
    this.#context = null;
  }

  #ended(track: MediaStreamTrack): void {
    if (this.#track !== track) return;
    this.#release();
    this.#onLost();
  }

  #measure(track: MediaStreamTrack): void {
    this.#context ??= new AudioContext();
    void this.#context.resume();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  #release(): void {
    this.#source?.disconnect();
    this.#source = this.#analyser = null;
    if (this.#track) this.#track.onended = null;
    this.#track?.stop();
    this.#track = null;
  }
}
