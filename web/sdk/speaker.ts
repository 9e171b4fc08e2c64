import { DeviceError } from './device-error.ts';

/** Plays the mix. Browsers play nothing until the person has clicked something; this notices it, and unlocks. */
export class Speaker {
  readonly #element: HTMLAudioElement;
  readonly #onBlocked: (isBlocked: boolean) => void;
  #isBlocked = false;
  #deviceId = '';

  /** @internal */
  constructor(element: HTMLAudioElement, onBlocked: (isBlocked: boolean) => void) {
    this.#element = element;
    this.#onBlocked = onBlocked;
    element.autoplay = true;
  }

  /** The browser refused to play until the person clicks something. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether the browser lets a page choose the output device. */
  get canChoose(): boolean {
    return 'setSinkId' in this.#element;
  }

  /** The device in use; empty for the default one. */
  get deviceId(): string {
    return this.#deviceId;
  }

  /** @internal */
  async play(stream: MediaStream): Promise<void> {
    this.#element.srcObject = stream;
    await this.start();
  }

  /** Starts playing. Call it from a click if it is blocked. Resolves with whether it plays. */
  async start(): Promise<boolean> {
    try {
      await this.#element.play();
      this.#setBlocked(false);
    } catch (thrown) {
      // An AbortError only means that the next stream has replaced this one.
      if (thrown instanceof DOMException && thrown.name === 'NotAllowedError') this.#setBlocked(true);
    }
    return !this.#isBlocked;
  }

  /** Silences what is played here. To receive nothing at all, see `setDeafened`. */
  setSilent(silent: boolean): void {
    this.#element.muted = silent;
  }

  /** Whether the browser lets a page change the volume; on iPhones only the buttons of the phone do. */
  get canChangeVolume(): boolean {
    const before = this.#element.volume;
    this.#element.volume = before === 1 ? 0.5 : 1;
    const isChanged = this.#element.volume !== before;
    this.#element.volume = before;
    return isChanged;
  }

  /** The volume of everything that is played here, 0 to 1. */
  setVolume(volume: number): void {
    this.#element.volume = Math.min(1, Math.max(0, volume));
  }

  /**
   * Plays through this device; an empty id is the default. Rejects with a `DeviceError` if that fails; the default one is
   * used then.
   */
  async choose(deviceId: string): Promise<void> {
    if (!this.canChoose) {
      if (deviceId === '') return;
      throw new DeviceError('audiooutput', 'unsupported', 'Not in this browser.');
    }
    try {
      await this.#element.setSinkId(deviceId);
      this.#deviceId = deviceId;
    } catch (thrown) {
      if (deviceId !== '') await this.choose('').catch(() => {});
      throw new DeviceError('audiooutput', 'none', String(thrown));
    }
  }

  stop(): void {
    this.#element.pause();
    this.#element.srcObject = null;
    this.#setBlocked(false);
  }

  #setBlocked(isBlocked: boolean): void {
    if (this.#isBlocked === isBlocked) return;
    this.#isBlocked = isBlocked;
    this.#onBlocked(isBlocked);
  }
}
