import { batch, computed, signal } from '@preact/signals';
import { DeviceError } from '../sdk/device-error.ts';
import type { MicrophoneFailure } from '../sdk/microphone.ts';
import { MicrophoneInput as Input } from '../sdk/microphone-input.ts';
import { preferences, voiceShape } from './preferences.ts';
import { ShapedVoice } from './voice/shaped-voice.ts';
import { isNeutral } from './voice/voice-chain.ts';

/** Anything quieter counts as silence in the level meter and for the hint that someone is talking while muted. */
export const SILENCE_DBFS = -60;

/** The client library's microphone as signals, opened and processed as the preferences say. */
export class MicrophoneInput {
  /** The microphone itself. */
  readonly track = signal<MediaStreamTrack | null>(null);
  readonly failure = signal<{ readonly failure: MicrophoneFailure; readonly detail: string } | null>(null);
  readonly voice = new ShapedVoice();
  /** What the others are to hear: the microphone, or what this page makes of it. */
  readonly sent = computed(() => this.voice.track.value ?? this.track.value);
  readonly #input: Input;

  /** `onLost` is called when the open microphone ends although this page did not close it. */
  constructor(onLost: () => void) {
    this.#input = new Input(() => {
      this.voice.close();
      this.track.value = null;
      onLost();
    });
  }

  /**
   * Requests the microphone chosen in the preferences. The previous one is released only when the new one is open.
   * Resolves with whether it is open.
   */
  async open(): Promise<boolean> {
    const { processing, inputId, voice } = preferences.value;
    const shape = voiceShape.value;
    try {
      // Two suppressions in a row would dull the voice.
      const noiseSuppression = processing.noiseSuppression && !voice.isStrong;
      const track = await this.#input.open({ processing: { ...processing, noiseSuppression }, deviceId: inputId });
      this.failure.value = null;
      if (isNeutral(shape)) this.#useAsItIs(track);
      else await this.voice.shape(track, shape);
      // It may have been lost meanwhile.
      this.track.value = this.#input.track;
      return this.track.value !== null;
    } catch (thrown) {
      if (!(thrown instanceof DeviceError)) throw thrown;
      this.failure.value = { failure: thrown.code, detail: thrown.message };
      return false;
    }
  }

  /** Follows changed preferences for the voice without asking for the microphone again. */
  async reshape(): Promise<void> {
    if (this.track.value !== null) await this.voice.shape(this.track.value, voiceShape.value);
  }

  /** At once, so that nothing else is sent in between. */
  #useAsItIs(track: MediaStreamTrack): void {
    batch(() => {
      this.voice.close();
      this.track.value = track;
    });
  }

  /** The current level of the microphone, with the chosen gain, in dBFS; -Infinity without one. */
  levelDbfs(): number {
    return this.#input.levelDbfs() + preferences.value.voice.gainDb;
  }

  close(): void {
    this.voice.close();
    this.#input.close();
    this.track.value = this.failure.value = null;
  }
}
