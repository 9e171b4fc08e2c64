/**
 * Which indices have come from which synchronisation source (RFC 3711 section 3.2.3). A peer may change its source at any time, so only the
 * few used last have a replay window. All sources of a session share one key, and a captured packet of a source that was forgotten would be
 * authentic for ever. So of each source that has lost its window the highest index stays: when it comes back, it goes on above that. When even
 * these are too many, no further source is taken; a new connection has new keys.
 */
import { ReplayWindow } from './replay-window.ts';

/** A peer needs one. */
const MAX_WINDOWS = 8;
/** With and without a window. Who changes its source every second gets through an hour. */
export const MAX_SOURCES = 4096;

export class ReceivedSources {
  /** In the order of use, the latest last. */
  readonly #windows = new Map<number, ReplayWindow>();
  readonly #highestOfPast = new Map<number, number>();
  #latest: ReplayWindow | null = null;
  #latestSsrc = -1;

  /** Whether an authentic packet of this source could be accepted at all. */
  hasRoomFor(ssrc: number): boolean {
    return this.highestOf(ssrc) >= 0 || this.#windows.size + this.#highestOfPast.size < MAX_SOURCES;
  }

  /** The highest index accepted of a source, -1 before the first. */
  highestOf(ssrc: number): number {
    return this.#windowOf(ssrc)?.highest ?? this.#highestOfPast.get(ssrc) ?? -1;
  }

  /** Whether a packet may still be accepted. */
  isFresh(ssrc: number, index: number): boolean {
    return this.#windowOf(ssrc)?.isFresh(index) ?? index > this.highestOf(ssrc);
  }

  /** Remembers an index; only for packets that are authentic, and of which the above is true. */
  accept(ssrc: number, index: number): void {
    let window = this.#windowOf(ssrc);
    if (window === undefined) {
      window = new ReplayWindow(this.highestOf(ssrc));
      this.#highestOfPast.delete(ssrc);
      if (this.#windows.size === MAX_WINDOWS) this.#forgetLeastRecent();
    }
    window.accept(index);
    if (window === this.#latest) return;
    this.#windows.delete(ssrc);
    this.#windows.set(ssrc, window);
    this.#latest = window;
    this.#latestSsrc = ssrc;
  }

  #windowOf(ssrc: number): ReplayWindow | undefined {
    return this.#latest !== null && ssrc === this.#latestSsrc ? this.#latest : this.#windows.get(ssrc);
  }

  #forgetLeastRecent(): void {
    for (const [ssrc, { highest }] of this.#windows) {
      this.#windows.delete(ssrc);
      this.#highestOfPast.set(ssrc, highest);
      return;
    }
  }
}
