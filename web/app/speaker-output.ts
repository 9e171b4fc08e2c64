import { signal } from '@preact/signals';
import type { AudioDevice } from '../sdk/devices.ts';

/** The part of `navigator.mediaDevices` that asks for an output; only Firefox has it. */
export interface OutputSource {
  readonly selectAudioOutput?: () => Promise<{ readonly deviceId: string; readonly label: string }>;
}

/** The page's only audio element, which plays the mix. */
export class SpeakerOutput {
  /** The browser refused to play until the person clicks something. */
  readonly isLocked = signal(false);
  readonly canChoose = 'setSinkId' in HTMLMediaElement.prototype;
  readonly canAsk = 'selectAudioOutput' in (globalThis.navigator?.mediaDevices ?? {});
  readonly #element: HTMLAudioElement;

  constructor(element: HTMLAudioElement) {
    this.#element = element;
  }

  async play(stream: MediaStream): Promise<void> {
    this.#element.srcObject = stream;
    await this.unlock();
  }

  /** Starts playback. Call it from a click, because browsers require a user action. */
  async unlock(): Promise<void> {
    try {
      await this.#element.play();
      this.isLocked.value = false;
    } catch (thrown) {
      // An AbortError only means that the next stream has replaced this one.
      if (thrown instanceof DOMException && thrown.name === 'NotAllowedError') this.isLocked.value = true;
    }
  }

  setSilent(silent: boolean): void {
    this.#element.muted = silent;
  }

  /**
   * Lets the person choose a device in a dialog of the browser, and selects it: Firefox lists only the partners of the
   * microphones otherwise. Call it from a click. Null if they have chosen none.
   */
  async ask(
    source: OutputSource | undefined = globalThis.navigator?.mediaDevices as (MediaDevices & OutputSource) | undefined,
  ): Promise<AudioDevice | null> {
    try {
      const device = await source?.selectAudioOutput?.();
      if (device === undefined) return null;
      return (await this.choose(device.deviceId)) ? { id: device.deviceId, label: device.label } : null;
    } catch {
      return null;
    }
  }

  /** Selects an output device; an empty id is the default. Resolves with false if it failed and the default is used. */
  async choose(deviceId: string): Promise<boolean> {
    if (!this.canChoose) return deviceId === '';
    try {
      await this.#element.setSinkId(deviceId);
      return true;
    } catch {
      if (deviceId !== '') await this.choose('');
      return false;
    }
  }

  stop(): void {
    this.#element.pause();
    this.#element.srcObject = null;
    this.isLocked.value = false;
  }
}
