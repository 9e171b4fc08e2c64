import { signal } from '@preact/signals';

/** The one audio element of the page, which plays the mix. */
export class SpeakerOutput {
  /** The browser refused to play without a click of the person on something. */
  readonly isLocked = signal(false);
  readonly canChoose = 'setSinkId' in HTMLMediaElement.prototype;
  readonly #element: HTMLAudioElement;

  constructor(element: HTMLAudioElement) {
    this.#element = element;
  }

  async play(stream: MediaStream): Promise<void> {
    this.#element.srcObject = stream;
    await this.unlock();
  }

  /** Plays what there is; called from a click, this is what a browser asks for. */
  async unlock(): Promise<void> {
    try {
      await this.#element.play();
      this.isLocked.value = false;
    } catch (thrown) {
      // An AbortError only says that the next stream has taken the place of this one.
      if (thrown instanceof DOMException && thrown.name === 'NotAllowedError') this.isLocked.value = true;
    }
  }

  setSilent(silent: boolean): void {
    this.#element.muted = silent;
  }

  /** Plays through a device, the default one for an empty id. Says whether it could be done; if not, the default is used. */
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
