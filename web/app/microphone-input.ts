import { signal } from '@preact/signals';
import { type MicrophoneFailure, openMicrophone } from '../sdk/microphone.ts';
import { preferences } from './preferences.ts';

/** Anything quieter counts as silence in the level meter and for the hint that someone is talking while muted. */
export const SILENCE_DBFS = -60;

/** The page's microphone: opens it on request, measures its level, and notices when it is unplugged. */
export class MicrophoneInput {
  readonly track = signal<MediaStreamTrack | null>(null);
  readonly failure = signal<{ readonly failure: MicrophoneFailure; readonly detail: string } | null>(null);
  readonly #onLost: () => void;
  #context: AudioContext | null = null;
  #source: MediaStreamAudioSourceNode | null = null;
  #analyser: AnalyserNode | null = null;
  #samples = new Float32Array(0);

  /** `onLost` is called when the open microphone ends although this page did not close it. */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** Requests the microphone chosen in the preferences. The previous one is released only when the new one is open. */
  async open(): Promise<MediaStreamTrack | null> {
    const { processing, inputId } = preferences.value;
    const result = await openMicrophone({ processing, ...(inputId === '' ? {} : { deviceId: inputId }) });
    this.failure.value = result.ok ? null : result;
    if (!result.ok) return null;
    this.#release();
    result.track.onended = () => this.#ended(result.track);
    this.#measure(result.track);
    this.track.value = result.track;
    return result.track;
  }

  /** The current level of the microphone in dBFS; -Infinity without one. */
  levelDbfs(): number {
    if (this.#analyser === null) return Number.NEGATIVE_INFINITY;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let power = 0;
    for (const sample of this.#samples) power += sample * sample;
    return 10 * Math.log10(power / this.#samples.length);
  }

  close(): void {
    this.#release();
    this.failure.value = null;
    void this.#context?.close();
    this.#context = null;
  }

  #ended(track: MediaStreamTrack): void {
    if (this.track.value !== track) return;
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
    if (this.track.value !== null) this.track.value.onended = null;
    this.track.value?.stop();
    this.track.value = null;
  }
}
