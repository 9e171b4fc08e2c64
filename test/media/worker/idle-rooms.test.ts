import { test } from 'tap';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = 31;
const PARTICIPANTS = 200;
const SECONDS = 2;
/** One packet every 400 ms keeps a browser from mistaking silence for loss. */
const REFRESHES = SECONDS / 0.4;

test('200 silent participants get two or three packets a second each, not 50, and set no timer', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const timers = engine.clock.pendingTimers;
  const people = Array.from({ length: PARTICIPANTS }, () => engine.join({ red: false }));
  t.equal(engine.clock.pendingTimers, timers, 'no timer for a participant or their room');
  engine.run(1);
  const before = people.map(({ received }) => received.opus);
  engine.run(SECONDS);
  const packets = people.map(({ received }, i) => received.opus - before[i]!);
  t.ok(Math.min(...packets) >= REFRESHES - 1, `at least ${Math.min(...packets)} packets each`);
  t.ok(Math.max(...packets) <= REFRESHES + 1, `at most ${Math.max(...packets)} packets each`);
  t.equal(engine.stats!.gauges.encodersInUse, 0);
  t.equal(engine.stats!.counters.framesEncoded, 0);
  t.equal(engine.clock.pendingTimers, timers);
  await engine.close();
});
