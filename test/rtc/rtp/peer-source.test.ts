import { test } from 'tap';
import { PeerSource } from '../../../src/rtc/rtp/peer-source.ts';

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
