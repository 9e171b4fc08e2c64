import * as fc from 'fast-check';
import { test } from 'tap';
import { MAX_SOURCES, ReceivedSources } from '../../../src/rtc/srtp/received-sources.ts';

test('no index of any source is ever accepted twice, and the next one always is accepted', (t) => {
  const packets = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: -150, max: 20 })), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(packets, (moves) => {
      const sources = new ReceivedSources();
      const accepted = new Map<number, Set<number>>();
      for (const [ssrc, move] of moves) {
        const before = accepted.get(ssrc) ?? new Set();
        accepted.set(ssrc, before);
        const highest = Math.max(-1, ...before);
        if (sources.highestOf(ssrc) !== highest || !sources.hasRoomFor(ssrc)) return false;
        if (!sources.isFresh(ssrc, highest + 1)) return false;
        const index = Math.max(0, highest + move);
        if (!sources.isFresh(ssrc, index)) continue;
        if (before.has(index)) return false;
        sources.accept(ssrc, index);
        before.add(index);
      }
      return true;
    }),
  );
  t.end();
});

test('late packets are accepted for the eight most recent sources', (t) => {
  const sources = new ReceivedSources();
  for (let ssrc = 1; ssrc <= 9; ssrc++) sources.accept(ssrc, 100);
  sources.accept(2, 200);
  sources.accept(10, 100);
  const takesLate = (ssrc: number) => sources.isFresh(ssrc, 99);
  t.notOk(takesLate(1), 'the first had to go for the ninth');
  t.notOk(takesLate(3), 'and for the tenth the least recently used one');
  t.ok([4, 5, 6, 7, 8, 9, 10].every(takesLate));
  t.ok(sources.isFresh(2, 199));
  t.ok(sources.isFresh(1, 101), 'a former source continues');
  t.notOk(sources.isFresh(1, 100));
  t.end();
});

test('memory that a peer can make us use is bounded, and remembered entries stay', (t) => {
  const sources = new ReceivedSources();
  for (let ssrc = 0; ssrc < MAX_SOURCES; ssrc++) {
    t.ok(sources.hasRoomFor(ssrc));
    sources.accept(ssrc, ssrc);
  }
  t.notOk(sources.hasRoomFor(MAX_SOURCES));
  for (const ssrc of [0, 1, MAX_SOURCES - 1]) {
    t.ok(sources.hasRoomFor(ssrc));
    t.equal(sources.highestOf(ssrc), ssrc);
    t.notOk(sources.isFresh(ssrc, ssrc));
    t.ok(sources.isFresh(ssrc, ssrc + 1));
  }
  t.end();
});

test('sources that come back again and again take no more memory than once', (t) => {
  const sources = new ReceivedSources();
  for (let round = 1; round <= 50; round++) for (let ssrc = 0; ssrc < 20; ssrc++) sources.accept(ssrc, round);
  for (let ssrc = 20; ssrc < MAX_SOURCES; ssrc++) {
    if (!sources.hasRoomFor(ssrc)) t.fail(`no room for source ${ssrc}`);
    sources.accept(ssrc, 1);
  }
  t.notOk(sources.hasRoomFor(MAX_SOURCES));
  t.equal(sources.highestOf(3), 50);
  t.end();
});
