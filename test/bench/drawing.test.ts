import { test } from 'tap';
import { drawChart } from '../../bench/lib/chart.ts';
import { formatTable } from '../../bench/lib/table.ts';

test('tables are aligned in columns, and charts are closed SVG with escaped text', async (t) => {
  const table = formatTable(
    [
      { title: 'a\nb', value: (row: number) => String(row) },
      { title: 'long', value: (row: number) => String(row * 1000) },
    ],
    [1, 22],
  );
  t.equal(table, [' a       ', ' b   long', '──  ─────', ' 1   1000', '22  22000'].join('\n'));
  const svg = drawChart({
    title: 'A <title> & "more"',
    subtitle: '',
    xLabel: 'x',
    yLabel: 'y',
    series: [
      {
        name: 'one',
        points: [
          [10, 0.3],
          [100, 0.2],
        ],
      },
      { name: 'two', points: [[10, 0.5]] },
    ],
    limit: { name: 'goal', y: 0.45 },
  });
  t.match(svg, /A &lt;title&gt; &amp; &quot;more&quot;/);
  t.notMatch(svg, /NaN|undefined/);
  t.match(svg, /<\/svg>\n$/);
});
