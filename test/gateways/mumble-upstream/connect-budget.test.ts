import { test } from 'tap';
import { ConnectBudget } from '../../../src/gateways/mumble-upstream/connect-budget.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const granted = (budget: ConnectBudget, spare?: number): number => {
  let count = 0;
  while (budget.take(spare)) count++;
  return count;
};

test('so many connections begin in any 120 s', async (t) => {
  const clock = new FakeClock({ startMs: 50_000 });
  const budget = new ConnectBudget(3, clock);
  t.ok(budget.take());
  clock.advance(60_000);
  t.equal(granted(budget), 2);
  clock.advance(59_999);
  t.equal(granted(budget), 0);
  clock.advance(1);
  t.equal(granted(budget), 1, 'the first one is 120 s ago');
});

test('some are spared for those that are more important, but the only one never', async (t) => {
  const clock = new FakeClock();
  t.equal(granted(new ConnectBudget(8, clock), 2), 6);
  t.equal(granted(new ConnectBudget(1, clock), 2), 1);
});

test('after two refusals without success between them nothing begins for 300 s', async (t) => {
  const clock = new FakeClock();
  const budget = new ConnectBudget(8, clock);
  t.notOk(budget.isBanned);
  budget.refused();
  budget.accepted();
  budget.refused();
  t.notOk(budget.isBanned);
  budget.refused();
  t.ok(budget.isBanned);
  clock.advance(299_999);
  t.equal(granted(budget), 0);
  clock.advance(1);
  t.notOk(budget.isBanned);
  t.equal(granted(budget), 8);
});
