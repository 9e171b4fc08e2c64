import { test } from 'tap';
import type { Cancel, Millis } from '../../../src/lib/clock.ts';
import type { MediaEvent } from '../../../src/media/link/messages.ts';
import { MediaEngine } from '../../../src/media/worker/engine.ts';
import { StarvationWatch } from '../../../src/media/worker/starvation.ts';
import { PTIME_MS } from '../../../src/mixer/format.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { simulatedPort } from '../../helpers/simulated-port.ts';

/** Feeds a watch with ticks that are all equally late. */
class Ticks {
  readonly watch = new StarvationWatch();
  changes = 0;
  #nowMs = 0;

  run(seconds: number, latenessMs: number, isLoaded = false): void {
    const endMs = this.#nowMs + seconds * 1000;
    for (; this.#nowMs < endMs; this.#nowMs += PTIME_MS) {
      if (this.watch.observe(latenessMs, isLoaded, this.#nowMs)) this.changes++;
    }
  }
}

/** A machine whose timers fire late. */
class LateClock extends FakeClock {
  latenessMs = 0;

  override setTimer(at: Millis, callback: () => void): Cancel {
    return super.setTimer(at > this.now() ? at + this.latenessMs : at, callback);
  }
}

test('ticks that stay late while the worker has time to spare are noticed after a second or two', (t) => {
  const ticks = new Ticks();
  ticks.run(60, 9);
  t.notOk(ticks.watch.isStarved, 'jitter buffers bridge less than half a tick');
  ticks.run(4, 15);
  t.ok(ticks.watch.isStarved);
  t.ok(Math.abs(ticks.watch.latenessMs - 15) < 1);
  t.end();
});

test('a single stall is not worth a report', (t) => {
  const ticks = new Ticks();
  for (let i = 0; i < 20; i++) {
    ticks.run(10, 0.5);
    ticks.run(0.06, 60);
  }
  t.equal(ticks.changes, 0);
  t.end();
});

test("ticks that are late because of the worker's own load are not starvation", (t) => {
  const ticks = new Ticks();
  ticks.run(60, 40, true);
  t.notOk(ticks.watch.isStarved);
  t.end();
});

test('neighbours that come and go are reported once a minute at most', (t) => {
  const ticks = new Ticks();
  for (let i = 0; i < 60; i++) {
    ticks.run(5, 18);
    ticks.run(5, 0.5);
  }
  t.equal(ticks.changes, 1);
  ticks.run(65, 0.5);
  t.equal(ticks.changes, 2);
  t.notOk(ticks.watch.isStarved);
  t.end();
});

test('a starved engine says so, keeps everything as it is and takes newcomers', async (t) => {
  const clock = new LateClock();
  const events: MediaEvent[] = [];
  let load = { runningShare: 0.27, waitingShare: 0.6 };
  const engine = new MediaEngine({
    port: simulatedPort(),
    clock,
    emit: (event) => events.push(event),
    loadMeter: { measure: () => load },
    random: () => 0.5,
  });
  t.teardown(() => engine.close());
  // Without a room it would rest, and in a silent one, too, unless somebody records.
  engine.handle({ type: 'open_room', roomId: 1, mix: { maxTalkers: 0, levelling: false } });
  engine.handle({ type: 'set_room_tap', roomId: 1, tap: { voices: true, mix: false } });
  const ofType = <T extends MediaEvent['type']>(type: T) =>
    events.filter((event): event is MediaEvent & { type: T } => event.type === type);
  clock.advance(5000);
  clock.latenessMs = 15;
  clock.advance(60_000);
  t.equal(ofType('starved').length, 1);
  t.match(ofType('starved')[0], { isStarved: true });
  t.same(ofType('overload'), []);
  t.match(ofType('stats').at(-1)?.stats.gauges, { overloadLevel: 0, starved: 1 });
  t.ok(Math.abs(ofType('stats').at(-1)!.stats.gauges.utilization - 0.27) < 0.01);

  clock.latenessMs = 0;
  load = { runningShare: 0.27, waitingShare: 0 };
  clock.advance(70_000);
  t.match(ofType('starved').at(-1), { isStarved: false });
  t.match(ofType('stats').at(-1)?.stats.gauges, { overloadLevel: 0, starved: 0 });
});

test('a worker left with few ticks still reports its stats twice a second', async (t) => {
  const clock = new LateClock();
  let told = 0;
  let isStarved = false;
  const engine = new MediaEngine({
    port: simulatedPort(),
    clock,
    emit: (event) => {
      if (event.type !== 'stats') return;
      told++;
      isStarved = event.stats.gauges.starved === 1;
    },
    loadMeter: { measure: () => ({ runningShare: 0.1, waitingShare: 0.8 }) },
    random: () => 0.5,
  });
  t.teardown(() => engine.close());
  engine.handle({ type: 'open_room', roomId: 1, mix: { maxTalkers: 0, levelling: false } });
  clock.advance(1000);
  clock.latenessMs = 190;
  told = 0;
  clock.advance(20_000);
  t.ok(told >= 36 && told <= 41, `${told} times in 20 s`);
  t.ok(isStarved);
});
