import * as fc from 'fast-check';
import { test } from 'tap';
import { REPLAY_WINDOW, ReplayWindow } from '../../../src/rtc/srtp/replay-window.ts';

/** The rule of RFC 3711 section 3.3.2, with a set that never forgets. */
class PlainWindow {
  readonly #seen = new Set<number>();
  highest: number;

  constructor(highest: number) {
    this.highest = highest;
    for (let index = 0; index <= highest; index++) this.#seen.add(index);
  }

  isFresh(index: number): boolean {
    return index > this.highest - REPLAY_WINDOW && !this.#seen.has(index);
  }

  accept(index: number): void {
    this.#seen.add(index);
    this.highest = Math.max(this.highest, index);
  }
}

test('an index is accepted once, and only within the window, in any order of arrival', (t) => {
  const steps = fc.array(fc.oneof(fc.integer({ min: -140, max: 140 }), fc.integer({ min: -2, max: 2 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(fc.integer({ min: -1, max: 300 }), steps, (start, moves) => {
      const window = new ReplayWindow(start);
      const plain = new PlainWindow(start);
      for (const move of moves) {
        const index = Math.max(0, plain.highest + move);
        if (window.isFresh(index) !== plain.isFresh(index)) return false;
        if (!plain.isFresh(index)) continue;
        window.accept(index);
        plain.accept(index);
        if (window.highest !== plain.highest) return false;
      }
      return true;
    }),
  );
  t.end();
});

test('the window is twice as large as the RFC requires at least', (t) => {
  t.equal(REPLAY_WINDOW, 2 * 64);
  t.end();
});
