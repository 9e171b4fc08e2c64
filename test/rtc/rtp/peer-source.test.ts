import * as fc from 'fast-check';
import { test } from 'tap';
import { PeerSource } from '../../../src/rtc/rtp/peer-source.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 3550);

/** The fate of packets from these sources, 20 ms apart. */
function follow(source: PeerSource, ssrcs: readonly number[], fromMs = 0): string {
  return ssrcs.map((ssrc, n) => source.follow(ssrc, fromMs + 20 * n)[0]).join('');
}

test('the first source is accepted, and another one after five packets in a row', (t) => {
  const source = new PeerSource();
  t.equal(source.ssrc, null);
  t.equal(follow(source, [1, 1, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2]), 'nprrrrprrrrnp');
  t.equal(source.ssrc, 2);
  t.end();
});

test('two rivals do not help each other, and after a silence another source is accepted at once', (t) => {
  const source = new PeerSource();
  t.equal(follow(source, [1, 2, 3, 2, 3, 2, 3, 2, 3]), 'nrrrrrrrr');
  t.equal(follow(source, [1, 2], 200), 'pr');
  t.equal(source.follow(3, 699), 'rival');
  t.equal(source.follow(3, 700), 'new', 'half a second after its last packet');
  t.end();
});

test('each source has its own statistics', (t) => {
  const source = new PeerSource();
  source.follow(1, 0);
  const { statistics } = source;
  source.follow(1, 20);
  t.equal(source.statistics, statistics);
  source.follow(2, 1000);
  t.not(source.statistics, statistics);
  t.end();
});

test('for any packets, another source is accepted after five in a row, or half a second after the last of the current one', (t) => {
  t.comment(`SEED=${SEED}`);
  const packet = fc.record({
    ssrc: fc.constantFrom(0, 1, 2),
    afterMs: fc.oneof({ weight: 30, arbitrary: fc.constant(20) }, fc.constantFrom(0, 480, 499, 500, 2000)),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 60 }), (packets) => {
      const source = new PeerSource();
      let current: number | null = null;
      let [nowMs, lastMs] = [0, 0];
      let before: number[] = [];
      return packets.every(({ ssrc, afterMs }) => {
        nowMs += afterMs;
        // Since the last change, and the last packet of the current source.
        before = ssrc === current ? [] : [...before, ssrc];
        const isFifth = before.length >= 5 && before.slice(-5).every((one) => one === ssrc);
        const isAccepted = current === null || nowMs - lastMs >= 500 || isFifth;
        const expected = ssrc === current ? 'present' : isAccepted ? 'new' : 'rival';
        if (expected !== 'rival') {
          current = ssrc;
          lastMs = nowMs;
          before = [];
        }
        return source.follow(ssrc, nowMs) === expected && source.ssrc === current;
      });
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});
