import { test } from 'tap';
import { ClusterScrape, merged } from '../../../src/admin/metrics/cluster-scrape.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const text = (rooms: number) => `# HELP rooms Rooms that are open.
# TYPE rooms gauge
rooms ${rooms}

# HELP joins_total Joins, by result.
# TYPE joins_total counter
joins_total{result="ok"} ${rooms * 2}
joins_total{result="a \\"} b"} 1
`;

test('each metric is described once, and has the values of all servers', (t) => {
  const both = merged(
    new Map([
      ['n1', text(1)],
      ['n2', `${text(2)}\n# HELP newer A metric of a newer version.\n# TYPE newer gauge\nnewer 7\nno metric at all\n`],
      ['n"3', undefined],
    ]),
  );
  t.equal(
    both,
    `# HELP partyline_cluster_node_scraped Whether the metrics of this server of the cluster are among these.
# TYPE partyline_cluster_node_scraped gauge
partyline_cluster_node_scraped{node="n1"} 1
partyline_cluster_node_scraped{node="n2"} 1
partyline_cluster_node_scraped{node="n\\"3"} 0

# HELP rooms Rooms that are open.
# TYPE rooms gauge
rooms{node="n1"} 1
rooms{node="n2"} 2

# HELP joins_total Joins, by result.
# TYPE joins_total counter
joins_total{node="n1",result="ok"} 2
joins_total{node="n1",result="a \\"} b"} 1
joins_total{node="n2",result="ok"} 4
joins_total{node="n2",result="a \\"} b"} 1

# HELP newer A metric of a newer version.
# TYPE newer gauge
newer{node="n2"} 7
`,
  );
  t.end();
});

test('all are asked once a second at most, and a silent one is left out', async (t) => {
  const clock = new FakeClock();
  const asked: string[] = [];
  const nodes = ['n3', 'n1', 'n2', 'n4'];
  const all = new ClusterScrape({
    self: 'n1',
    nodes: () => nodes,
    scrape: async () => text(1),
    ask: async (node) => {
      asked.push(node);
      if (node === 'n3') throw new Error('it is silent');
      return node === 'n4' ? 'x'.repeat(5_000_000) : text(2);
    },
    clock,
  });
  const first = await all.scrape();
  t.match(first, /node_scraped{node="n1"} 1\n.*node="n2"} 1\n.*node="n3"} 0\n.*node="n4"} 0\n/);
  t.notMatch(first, /xxx/);
  clock.advance(999);
  t.equal(await all.scrape(), first);
  t.same(asked, ['n2', 'n3', 'n4']);
  clock.advance(1);
  nodes.length = 0;
  t.match(await all.scrape(), /rooms{node="n1"} 1/, 'also if it knows nobody');
});
