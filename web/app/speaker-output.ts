import { signal } from '@preact/signals';
import type { AudioDevice } from '../sdk/devices.ts';
import { Speaker } from '../sdk/speaker.ts';

/** The part of `navigator.mediaDevices` that asks for an output; only Firefox has it. */
export interface OutputSource {
  readonly selectAudioOutput?: () => Promise<{ readonly deviceId: string; readonly label: string }>;
}

/** The client library's loudspeaker as the page shows it, with the browser's own dialog for choosing a device. */
export class SpeakerOutput {
  /** The browser refused to play until the person clicks something. */
  readonly isLocked = signal(false);
  readonly canAsk = 'selectAudioOutput' in (globalThis.navigator?.mediaDevices ?? {});
  readonly #speaker: Speaker;

  /** @param element the page's only audio element */
  constructor(element: HTMLAudioElement) {
    this.#speaker = new Speaker(element, (isBlocked) => {
      this.isLocked.value = isBlocked;
    });
  }

  get canChoose(): boolean {
    return this.#speaker.canChoose;
  }

  play(stream: MediaStream): Promise<void> {
    return this.#speaker.play(stream);
  }

  /** Starts playback. Call it from a click, because browsers require a user action. */
  async unlock(): Promise<void> {
    await this.#speaker.start();
  }

  get canChangeVolume(): boolean {
    return this.#speaker.canChangeVolume;
  }

  setVolume(volume: number): void {
    this.#speaker.setVolume(volume);
  }

  setSilent(silent: boolean): void {
    this.#speaker.setSilent(silent);
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
    try {
      await this.#speaker.choose(deviceId);
      return true;
    } catch {
      return false;
    }
  }

  stop(): void {
    this.#speaker.stop();
  }
}
