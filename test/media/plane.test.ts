import fc from 'fast-check';
import { test } from 'tap';
import { positionInMix } from '../../src/media/plane.ts';
import { cases } from '../helpers/cases.ts';

test('a packet is where its tick is, however late it arrives and however long the server runs', (t) => {
  // 32 bits of samples last for 25 hours.
  const ticks = fc.integer({ min: 0, max: 10 * 90_000 * 50 });
  fc.assert(
    fc.property(ticks, fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(60_000), (tick, start, lateMs) => {
      const startMs = 20 * Math.max(0, tick - start);
      const timestamp = (tick * 960) % 2 ** 32;
      return (
        positionInMix({ timestamp, arrivalMs: 20 * tick + lateMs, payload: new Uint8Array() }, startMs) ===
        (tick - startMs / 20) * 960
      );
    }),
    { numRuns: cases(500) },
  );
  t.pass();
  t.end();
});
