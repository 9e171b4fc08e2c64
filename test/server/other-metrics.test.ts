import { test } from 'tap';
import type { PeerHandler } from '../../src/cluster/peers.ts';
import { withOthers } from '../../src/server/other-metrics.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const page = { contentType: 'text/plain', scrape: async () => '# HELP a A\n# TYPE a gauge\na 1\n' };
const clock = new FakeClock();

test('a server by itself has only its own metrics', (t) => {
  t.equal(withOthers(page, undefined, { clock }), page);
  t.end();
});

test('a server of a cluster asks the others, and answers them with its own', async (t) => {
  const handlers = new Map<string, PeerHandler>();
  const peers = {
    on: (operation: string, handler: PeerHandler) => void handlers.set(operation, handler),
    request: async (node: string, operation: string) =>
      `# HELP a A\n# TYPE a gauge\na ${node === 'n2' ? 2 : operation}\n`,
  };
  const directory = { nodes: [{ node: 'n1' }, { node: 'n2' }] };
  const both = withOthers(page, { node: 'n1', directory, peers }, { clock });
  t.equal(both.contentType, 'text/plain');
  t.equal(await both.scrape(), await page.scrape());
  t.match(await both.scrapeAll?.(), /a{node="n1"} 1\na{node="n2"} 2\n/);
  t.equal(await handlers.get('metrics')?.(null, 'n2'), await page.scrape());
});
