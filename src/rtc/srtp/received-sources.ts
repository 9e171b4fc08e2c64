/**
 * The indices received from each synchronisation source (RFC 3711 section 3.2.3). A peer may change its source at any
 * time, so only the few used last have a replay window. All sources of a session share one key, so a captured packet of
 * a forgotten source would stay authentic for ever. Therefore the highest index of each source without a window is
 * kept; when the source comes back, it continues above that. When there are too many of these, no further source is
 * accepted; a new connection has new keys.
 */
import { ReplayWindow } from './replay-window.ts';

/** A peer needs one. */
const MAX_WINDOWS = 8;
/** With and without a window. A peer that changes its source every second lasts an hour. */
export const MAX_SOURCES = 4096;

export class ReceivedSources {
  /** In order of use, the latest last. */
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

  /** Remembers an index. Only for authentic packets for which `isFresh` is true. */
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
