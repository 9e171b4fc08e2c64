/** The parts of the browser that keep a screen on (W3C, Screen Wake Lock API). */
export interface ScreenSources {
  /** Undefined where the browser has it not, and on insecure origins. */
  readonly wakeLock: Pick<WakeLock, 'request'> | undefined;
  readonly document: Pick<Document, 'addEventListener' | 'visibilityState'>;
}

/**
 * Keeps the screen on while it is wanted: phones end a call soon after their screen goes off. Browsers drop the lock
 * whenever the page is hidden, so it is asked for again when the page comes back.
 */
export class ScreenLock {
  readonly #sources: ScreenSources;
  #isWanted = false;
  #lock: Promise<WakeLockSentinel | null> | null = null;

  constructor(sources: ScreenSources = { wakeLock: navigator.wakeLock, document }) {
    this.#sources = sources;
    sources.document.addEventListener('visibilitychange', () => this.#follow());
  }

  keepOn(isWanted: boolean): void {
    this.#isWanted = isWanted;
    this.#follow();
  }

  #follow(): void {
    const { wakeLock, document } = this.#sources;
    if (!this.#isWanted) {
      void this.#lock?.then((lock) => lock?.release());
      this.#lock = null;
    } else if (document.visibilityState === 'visible' && this.#lock === null && wakeLock !== undefined) {
      this.#lock = this.#request(wakeLock);
    }
  }

  /** Null if the browser refuses, for instance to save power. */
  async #request(wakeLock: Pick<WakeLock, 'request'>): Promise<WakeLockSentinel | null> {
    const lost = () => {
      this.#lock = null;
    };
    try {
      const lock = await wakeLock.request('screen');
      lock.addEventListener('release', () => {
        if (this.#isWanted) lost();
      });
      return lock;
    } catch {
      lost();
      return null;
    }
  }
}
