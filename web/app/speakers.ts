/** How long somebody stays pinned after their last word. */
const LINGER_MS = 4000;

/**
 * Who is pinned on top of a large room: the people who speak, or did so a moment ago. Each keeps their place as long as
 * they are pinned, so that nobody jumps while others come and go.
 */
export class RecentSpeakers {
  readonly #places: number;
  /** By place; undefined for an empty one. */
  readonly #pinned: ({ readonly id: string; heardMs: number } | undefined)[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /** @param levels of the current speakers, in dBov. Returns the pinned people by place; null for an empty one. */
  update(levels: ReadonlyMap<string, number>, nowMs: number): readonly (string | null)[] {
    const pinned = this.#pinned;
    for (const entry of pinned) if (entry !== undefined && levels.has(entry.id)) entry.heardMs = nowMs;
    for (const [index, entry] of pinned.entries())
      if (entry !== undefined && nowMs - entry.heardMs > LINGER_MS) pinned[index] = undefined;
    const waiting = [...levels].filter(([id]) => !pinned.some((entry) => entry?.id === id));
    // The loudest first, in case there are more of them than places.
    for (const [id] of waiting.sort(([, a], [, b]) => b - a)) {
      const place = this.#freePlace(levels);
      if (place === undefined) break;
      pinned[place] = { id, heardMs: nowMs };
    }
    while (pinned.length > 0 && pinned.at(-1) === undefined) pinned.pop();
    return pinned.map((entry) => entry?.id ?? null);
  }

  /** An empty one, or that of whoever has been silent for longest. */
  #freePlace(levels: ReadonlyMap<string, number>): number | undefined {
    for (let place = 0; place < this.#places; place += 1) if (this.#pinned[place] === undefined) return place;
    let silent: number | undefined;
    for (const [place, entry] of this.#pinned.entries()) {
      if (entry === undefined || levels.has(entry.id)) continue;
      if (silent === undefined || entry.heardMs < (this.#pinned[silent]?.heardMs ?? 0)) silent = place;
    }
    return silent;
  }
}
