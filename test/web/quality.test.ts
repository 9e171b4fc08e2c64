import { test } from 'tap';
import { measureQuality, noTotals } from '../../web/sdk/quality.ts';

const inbound = { type: 'inbound-rtp', kind: 'audio', jitter: 0.004 };

test('a connection without statistics yet is good and has none', async (t) => {
  const { quality } = measureQuality([], noTotals);
  t.same(quality, {
    grade: 'good',
    rttMs: null,
    jitterMs: null,
    lossDownPercent: null,
    lossUpPercent: null,
    concealedPercent: null,
    bufferMs: null,
  });
});

test('the figures cover the time since the previous report', async (t) => {
  const before = { ...inbound, packetsReceived: 1000, packetsLost: 500, totalSamplesReceived: 480_000 };
  const { totals } = measureQuality([{ ...before, concealedSamples: 100_000, silentConcealedSamples: 0 }], noTotals);
  const after = {
    ...before,
    packetsReceived: 1095,
    packetsLost: 505,
    totalSamplesReceived: 576_000,
    concealedSamples: 104_800,
    silentConcealedSamples: 3840,
    jitterBufferDelay: 3840,
    jitterBufferEmittedCount: 96_000,
  };
  const pair = { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.03 };
  const { quality } = measureQuality([after, pair, { type: 'remote-inbound-rtp', fractionLost: 0.01 }], totals);
  t.match(quality, { rttMs: 30, jitterMs: 4, lossDownPercent: 5, lossUpPercent: 1, concealedPercent: 1, bufferMs: 40 });
  t.equal(quality.grade, 'fair', 'five percent lost');
});

test('loss that breaks the voice up is poor, in either direction', async (t) => {
  const poor = (entry: object) => measureQuality([entry], noTotals).quality.grade;
  t.equal(poor({ ...inbound, packetsReceived: 80, packetsLost: 20 }), 'poor');
  t.equal(poor({ type: 'remote-inbound-rtp', fractionLost: 0.2 }), 'poor');
  t.equal(poor({ ...inbound, totalSamplesReceived: 1000, concealedSamples: 100 }), 'poor');
  t.equal(poor({ type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.6 }), 'poor');
  t.equal(poor({ ...inbound, totalSamplesReceived: 1000, concealedSamples: 100, silentConcealedSamples: 100 }), 'good');
});

test('the totals of a former connection are not counted against a new one', async (t) => {
  const { totals } = measureQuality(
    [{ ...inbound, packetsReceived: 900, packetsLost: 90, totalSamplesReceived: 9000 }],
    noTotals,
  );
  const { quality } = measureQuality(
    [{ ...inbound, packetsReceived: 99, packetsLost: 1, totalSamplesReceived: 1000 }],
    totals,
  );
  t.equal(quality.lossDownPercent, 1);
});
