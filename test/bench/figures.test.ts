import { test } from 'tap';
import { histogramSince, quantile, Scrape } from '../../bench/lib/prometheus.ts';
import { percentile } from '../../bench/lib/statistics.ts';

test('metrics are summed over their labels and histograms have quantiles', async (t) => {
  const before = new Scrape(
    '# TYPE late histogram\nlate_bucket{le="0.001",worker="0"} 10\nlate_bucket{le="0.002",worker="0"} 10\nlate_bucket{le="+Inf",worker="0"} 10\n',
  );
  const after = new Scrape(
    [
      'packets_total{worker="0"} 5',
      'packets_total{worker="1"} 7',
      'late_bucket{le="0.001",worker="0"} 60',
      'late_bucket{le="0.002",worker="0"} 109',
      'late_bucket{le="+Inf",worker="0"} 110',
    ].join('\n'),
  );
  t.equal(after.sum('packets_total'), 12);
  t.equal(after.sum('packets_total', { worker: '1' }), 7);
  t.throws(() => after.sum('nothing'), /no metric nothing/);
  const late = histogramSince(before.histogram('late'), after.histogram('late'));
  t.equal(quantile(late, 0.25), 0.0005);
  t.equal(quantile(late, 1), Number.POSITIVE_INFINITY);
});

test('quantiles are interpolated linearly inside a bucket', async (t) => {
  const histogram = { bounds: [1, 2, Number.POSITIVE_INFINITY], counts: [50, 100, 100] };
  t.equal(quantile(histogram, 0.75), 1.5);
  t.ok(Number.isNaN(quantile({ bounds: [1], counts: [0] }, 0.5)));
  t.equal(percentile([3, 1, 2], 0.5), 2);
  t.equal(percentile([3, 1, 2], 1), 3);
});
