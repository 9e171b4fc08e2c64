import { signal } from '@preact/signals';
import { DeviceError } from '../sdk/device-error.ts';
import type { MicrophoneFailure } from '../sdk/microphone.ts';
import { MicrophoneInput as Input } from '../sdk/microphone-input.ts';
import { preferences } from './preferences.ts';

/** Anything quieter counts as silence in the level meter and for the hint that someone is talking while muted. */
export const SILENCE_DBFS = -60;

/** The client library's microphone as signals, opened as the preferences say. */
export class MicrophoneInput {
  readonly track = signal<MediaStreamTrack | null>(null);
  readonly failure = signal<{ readonly failure: MicrophoneFailure; readonly detail: string } | null>(null);
  readonly #input: Input;

  /** `onLost` is called when the open microphone ends although this page did not close it. */
  constructor(onLost: () => void) {
    this.#input = new Input(() => {
      this.track.value = null;
      onLost();
    });
  }

  /** Requests the microphone chosen in the preferences. The previous one is released only when the new one is open. */
  async open(): Promise<MediaStreamTrack | null> {
    const { processing, inputId } = preferences.value;
    try {
      this.track.value = await this.#input.open({ processing, deviceId: inputId });
      this.failure.value = null;
      return this.track.value;
    } catch (thrown) {
      if (!(thrown instanceof DeviceError)) throw thrown;
      this.failure.value = { failure: thrown.code, detail: thrown.message };
      return null;
    }
  }

  /** The current level of the microphone in dBFS; -Infinity without one. */
  levelDbfs(): number {
    return this.#input.levelDbfs();
  }

  close(): void {
    this.#input.close();
    this.track.value = this.failure.value = null;
  }
}
