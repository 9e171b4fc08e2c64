import fc from 'fast-check';
import { test } from 'tap';
import { AHEAD_S, correctionOf } from '../../web/listen/live-edge.ts';
import { TEXTS, textsFor } from '../../web/listen/texts.ts';

test('a player that is far behind leaves something out, and one that is a little behind is quicker', (t) => {
  t.same(correctionOf(10, 11.01, 1.05), { seekTo: 11.01 - AHEAD_S, playbackRate: 1 });
  t.same(correctionOf(10, 10.9, 1), { seekTo: undefined, playbackRate: 1.05 });
  t.same(correctionOf(10, 10.41, 1), { seekTo: undefined, playbackRate: 1.05 });
  t.same(correctionOf(10, 10.3, 1), { seekTo: undefined, playbackRate: 1 });
  t.same(correctionOf(10, 10.3, 1.05), { seekTo: undefined, playbackRate: 1.05 }, 'until it has caught up');
  t.same(correctionOf(10, 10.19, 1.05), { seekTo: undefined, playbackRate: 1 });
  t.end();
});

test('a player stays within a second, however the network stalls', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(3000), { maxLength: 30 }), (stallsMs) => {
      let [at, end, rate] = [0, AHEAD_S, 1];
      for (const stallMs of stallsMs) {
        // Nothing comes, then everything at once.
        at = Math.min(end, at + (stallMs / 1000) * rate);
        end += stallMs / 1000;
        // Ten seconds without trouble.
        for (let n = 0; n < 100; n++) {
          const { seekTo, playbackRate } = correctionOf(at, end, rate);
          at = seekTo ?? at;
          rate = playbackRate;
          if (end - at > 1 + 1e-9) return false;
          at = Math.min(end, at + 0.1 * rate);
          end += 0.1;
        }
      }
      return true;
    }),
  );
  t.end();
});

test('the page that listens speaks the first of the languages that it knows', (t) => {
  t.same(textsFor(['nl', 'pt-BR', 'en'])[0], 'pt');
  t.same(textsFor(['nl'])[0], 'en');
  t.equal(textsFor(['zh-Hans-CN'])[1], TEXTS['zh']);
  for (const texts of Object.values(TEXTS)) t.same(Object.keys(texts), Object.keys(TEXTS['en'] ?? {}));
  t.end();
});
