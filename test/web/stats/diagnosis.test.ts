import { test } from 'tap';
import { diagnose } from '../../../web/app/stats/diagnosis.ts';
import type { Quality } from '../../../web/sdk/quality.ts';
import { qualityPoints } from './quality-points.ts';

const points = (...changes: readonly (Partial<Quality> | null)[]) => qualityPoints(0, ...changes);
const always = (change: Partial<Quality>) => points(...Array.from({ length: 15 }, () => change));

test('each cause is found by its signs', async (t) => {
  t.same(diagnose(always({}), null), []);
  t.same(diagnose([], null), []);
  t.same(diagnose(points(null, null), null), []);
  t.same(diagnose(always({ lossUpPercent: 4 }), null), ['loss_up']);
  t.same(diagnose(always({ lossDownPercent: 4, concealedPercent: 4 }), null), ['loss_down']);
  t.same(diagnose(always({ concealedPercent: 4 }), null), ['busy_computer']);
  t.same(diagnose(always({ rttMs: 300 }), null), ['far_away']);
  t.same(diagnose(points({}, { rttMs: 180 }, {}), null), ['full_line']);
  t.same(diagnose(always({ rttMs: null, lossUpPercent: null, lossDownPercent: null }), null), [], 'unknown is not bad');
});

test('a single bad measurement, or one of long ago, is no finding', async (t) => {
  t.same(diagnose(points(...Array(14).fill({}), { lossUpPercent: 20 }), null), []);
  t.same(diagnose([...always({ lossUpPercent: 50 }), ...always({})], null), []);
});

test('TCP and TLS are slower ways', async (t) => {
  const unknown = { codec: null, codecParameters: null, sentKbps: null, receivedKbps: null, targetBufferMs: null };
  const stats = (transport: 'udp' | 'tcp' | 'tls') => ({
    ...unknown,
    discarded: null,
    concealments: null,
    encryption: null,
    path: { kind: 'relay', transport, server: null } as const,
  });
  t.same(diagnose(always({}), stats('udp')), []);
  for (const slow of ['tcp', 'tls'] as const) t.same(diagnose(always({}), stats(slow)), ['no_udp']);
});
