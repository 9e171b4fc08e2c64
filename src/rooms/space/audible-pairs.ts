/** Which pairs of players are within earshot, so that a game traces rays only for these. */
import type { Body } from './body.ts';

/** Whose voice, and whose ears. */
export type Pair = readonly [voice: string, ears: string];

export class AudiblePairs {
  /** Where the next search begins, so that in a crowd all voices get their turn. */
  #turn = 0;

  /** Considers layers, but not walls and volumes. Omits pairs of a spectator and the player whose ears they use. */
  find(bodies: Iterable<Body>, max: number): Pair[] {
    const present = Array.from(bodies).filter(({ isPlaced, person }) => isPlaced && person?.seatId != null);
    // Skip anyone who is out of range along one axis.
    const listeners = present.filter(({ state }) => state.ears === null).sort((a, b) => a.ears[0] - b.ears[0]);
    const pairs: Pair[] = [];
    const first = this.#turn % Math.max(1, present.length);
    for (let index = 0; index < present.length; index++) {
      const voice = present[(first + index) % present.length];
      if (voice !== undefined) addListeners(voice, listeners, pairs, max);
      if (pairs.length < max) continue;
      this.#turn = first + index + 1;
      return pairs;
    }
    this.#turn = 0;
    return pairs;
  }
}

function addListeners(voice: Body, listeners: readonly Body[], pairs: Pair[], max: number): void {
  const { at, range, layers } = voice;
  for (let index = firstFrom(listeners, at[0] - range); index < listeners.length; index++) {
    const listener = listeners[index];
    if (listener === undefined || listener.ears[0] > at[0] + range || pairs.length >= max) return;
    if (listener === voice || (layers & listener.hears) === 0) continue;
    const [x, y, z] = [listener.ears[0] - at[0], listener.ears[1] - at[1], listener.ears[2] - at[2]];
    if (x * x + y * y + z * z < range * range) pairs.push([voice.player, listener.player]);
  }
}

/** The index of the first listener whose x is not less. */
function firstFrom(listeners: readonly Body[], x: number): number {
  let [from, to] = [0, listeners.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((listeners[middle]?.ears[0] ?? x) < x) from = middle + 1;
    else to = middle;
  }
  return from;
}
