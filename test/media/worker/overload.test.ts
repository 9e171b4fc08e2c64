import { test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import { PlaneRoom } from '../../../src/media/control/plane-room.ts';
import type { WorkerSlot } from '../../../src/media/control/worker-slot.ts';
import { MAX_OVERLOAD_LEVEL, overloadMeasures } from '../../../src/media/link/overload-measures.ts';
import { OverloadController } from '../../../src/media/worker/overload.ts';
import type { Codec, Encoder } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { lightOpus } from '../../helpers/light-opus.ts';
import { createFrameEncoder } from '../../helpers/opus.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = Number(process.env['SEED'] ?? 503);

/** A worker's life in simulated time. Its load may depend on the level. */
class Life {
  readonly controller = new OverloadController();
  readonly changes: { readonly atMs: number; readonly level: number }[] = [];
  nowMs = 0;

  /**
   * @param load share of a core that the worker uses
   * @param waitingShare share of its time that it waits while others use its core
   */
  run(seconds: number, load: (level: number, nowMs: number) => number, waitingShare = 0): void {
    const endMs = this.nowMs + seconds * 1000;
    for (; this.nowMs < endMs; this.nowMs += PTIME_MS) {
      const { level } = this.controller;
      if (!this.controller.observe({ runningShare: load(level, this.nowMs), waitingShare }, this.nowMs)) continue;
      this.changes.push({ atMs: this.nowMs, level: this.controller.level });
    }
  }

  get levels(): number[] {
    return this.changes.map(({ level }) => level);
  }
}

test('a load that stays too high is answered step by step, one step a second, in a fixed order', (t) => {
  const life = new Life();
  life.run(60, () => 0.5);
  t.same(life.changes, [], 'nothing at half load');
  life.run(20, () => 0.97);
  t.same(life.levels, [1, 2, 3, 4]);
  const gaps = life.changes.slice(1).map(({ atMs }, i) => atMs - life.changes[i]!.atMs);
  t.same(gaps, [1000, 1000, 1000]);
  t.ok(life.changes[0]!.atMs >= 61_000 && life.changes[0]!.atMs < 65_000, `${life.changes[0]!.atMs - 60_000} ms`);
  t.equal(life.controller.transitions, 4);
  const measures = [0, 1, 2, 3, 4].map((level) => overloadMeasures(level));
  t.same(
    measures.map(({ maxComplexity }) => maxComplexity),
    [10, 5, 3, 3, 3],
  );
  t.same(
    measures.map(({ maxTalkers, refusesJoins }) => `${maxTalkers} ${refusesJoins}`),
    ['null false', 'null false', 'null false', '4 false', '4 true'],
  );
  t.end();
});

test('a worker that needs less than half a core is not overloaded, whatever its neighbours do', (t) => {
  for (const own of [0.02, 0.27, 0.44]) {
    for (const waitingShare of [0.1, 0.5, 0.73, 0.98]) {
      const life = new Life();
      life.run(120, () => own, waitingShare);
      t.same(life.changes, [], `${own} used, ${waitingShare} waited`);
    }
  }
  t.end();
});

test("a level caused by the worker's own load is left when only its neighbours are still busy", (t) => {
  const life = new Life();
  life.run(20, () => 0.97);
  t.equal(life.controller.level, MAX_OVERLOAD_LEVEL);
  life.run(30, () => 0.27, 0.7);
  t.equal(life.controller.level, 0);
  t.end();
});

test('a worker that needs more than half a core and gets no more is overloaded', (t) => {
  const shared = new Life();
  shared.run(20, () => 0.5, 0.48);
  t.equal(shared.controller.level, MAX_OVERLOAD_LEVEL, 'all that one neighbour leaves');
  const most = new Life();
  most.run(20, () => 0.7, 0.28);
  t.equal(most.controller.level, MAX_OVERLOAD_LEVEL, 'all of a larger share');
  const enough = new Life();
  enough.run(60, () => 0.7, 0.1);
  t.same(enough.changes, [], 'waits now and then, and has time to spare');
  t.end();
});

test('a level is left when the load has been low for five seconds, and the next one five seconds later', (t) => {
  const life = new Life();
  life.run(20, () => 0.97);
  t.equal(life.controller.level, MAX_OVERLOAD_LEVEL);
  life.changes.length = 0;
  life.run(60, () => 0.7);
  t.same(life.changes, [], 'not in between');
  life.run(40, () => 0.3);
  t.same(life.levels, [3, 2, 1, 0]);
  const gaps = life.changes.slice(1).map(({ atMs }, i) => atMs - life.changes[i]!.atMs);
  t.same(gaps, [5000, 5000, 5000]);
  t.end();
});

test('a single stall, or a second of work, is not an overload', (t) => {
  const life = new Life();
  for (let i = 0; i < 10; i++) {
    life.run(10, () => 0.6);
    life.run(1.06, () => 1);
  }
  t.same(life.changes, []);
  t.end();
});

test('a fluctuating load does not make the level fluctuate', (t) => {
  t.comment(`SEED=${SEED}`);
  const prng = createPrng(SEED);
  const life = new Life();
  life.run(600, () => 0.55 + 0.4 * prng());
  t.same(life.changes, [], 'around three quarters');
  life.run(600, (_, nowMs) => 0.7 + 0.25 * Math.sin(nowMs / 3000));
  t.ok(life.controller.transitions <= MAX_OVERLOAD_LEVEL + 2, `${life.controller.transitions} changes`);
  t.end();
});

test('where a step saves more than expected, leaving it is tried less and less often', (t) => {
  const life = new Life();
  // Overloaded without the third step, half idle with it.
  life.run(600, (level) => (level < 3 ? 0.98 : 0.4));
  const early = life.changes.filter(({ atMs }) => atMs < 60_000).length;
  const late = life.changes.filter(({ atMs }) => atMs >= 300_000).length;
  t.ok(late <= 8, `${early} changes in the first minute, ${late} in the last five`);
  life.run(300, () => 0.2);
  t.equal(life.controller.level, 0);
  life.changes.length = 0;
  life.run(10, () => 0.98);
  life.run(30, () => 0.2);
  t.same(life.levels, [1, 2, 3, 4, 3, 2, 1, 0], 'and this is forgotten when the worker has been idle');
  t.end();
});

test('encoders in use and later ones run at the reduced complexity at most', (t) => {
  const asked: string[] = [];
  const codec = new PlainCodec();
  const createEncoder = (): Encoder => {
    const name = `encoder ${asked.length}`;
    return {
      ...codec.createEncoder(),
      configure: ({ bitrate, complexity }) => asked.push(`${name}: ${bitrate} ${complexity}`),
    };
  };
  const pool = new CodecPool({ createEncoder, createDecoder: () => codec.createDecoder() }, () => 0);
  const shared = pool.takeEncoder({ bitrate: 48_000, complexity: 10 });
  const own = pool.takeEncoder({ bitrate: 40_000, complexity: 5 });
  t.equal(pool.encodersInUse, 2);
  asked.length = 0;
  pool.limitComplexity(5);
  t.same(asked, ['encoder 0: 48000 5', 'encoder 1: 40000 5'], 'and at the same bitrate');
  pool.releaseEncoder(own);
  asked.length = 0;
  pool.limitComplexity(3);
  t.same(asked, ['encoder 0: 48000 3']);
  pool.takeEncoder({ bitrate: 48_000, complexity: 10 });
  t.equal(asked.at(-1), 'encoder 1: 48000 3');
  asked.length = 0;
  pool.limitComplexity(10);
  t.same(asked, ['encoder 0: 48000 10', 'encoder 1: 48000 10']);
  pool.releaseEncoder(shared);
  t.equal(pool.encodersInUse, 1);
  t.end();
});

test('an overloaded engine lowers encoder complexity and the number of talkers, and later restores both', async (t) => {
  const complexities = new Map<Encoder, number>();
  const codec: Codec = {
    ...lightOpus,
    createEncoder: (channels) => {
      const light = lightOpus.createEncoder(channels);
      const encoder: Encoder = {
        ...light,
        configure: (settings) => {
          complexities.set(encoder, settings.complexity);
          light.configure(settings);
        },
      };
      return encoder;
    },
  };
  const simulated = new SimulatedEngine(SEED, { codec });
  t.teardown(() => simulated.close());
  const encode = createFrameEncoder({ application: 'lowDelay' });
  const sound = toInt16(tone({ frequencyHz: 400, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
  const packets = Array.from({ length: 50 }, (_, n) =>
    encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)),
  );
  for (let i = 0; i < 6; i++) simulated.join({ payload: (n) => packets[n % 50]! });
  const listener = simulated.join();
  simulated.run(3);
  const highest = () => Math.max(...complexities.values());
  t.match(simulated.stats!.gauges, { overloadLevel: 0, talkers: 6, talkersUnheard: 0 });
  t.equal(highest(), 10);
  t.equal(complexities.size, 7);

  simulated.load = { runningShare: 1, waitingShare: 0 };
  while (simulated.overload.length === 0) simulated.run(0.1);
  t.equal(highest(), 5, 'those already running');
  while (simulated.overload.length < 2) simulated.run(0.1);
  t.equal(highest(), 3);
  simulated.run(5);
  t.same(simulated.overload, [1, 2, 3, 4], 'each change is reported once');
  t.match(simulated.stats!.gauges, { overloadLevel: 4, talkersUnheard: 2 });
  t.equal(simulated.stats!.counters.overloadTransitions, 4);
  t.ok(listener.received.opus > (simulated.clock.now() / 1000 - 1) * 50, 'packets never stop');

  simulated.load = { runningShare: 0.2, waitingShare: 0 };
  simulated.run(30);
  t.same(simulated.overload, [1, 2, 3, 4, 3, 2, 1, 0]);
  t.match(simulated.stats!.gauges, { overloadLevel: 0, talkersUnheard: 0 });
  t.equal(highest(), 10);
});

test('newcomers go to a worker that accepts them, and hear that the server is busy when there is none', (t) => {
  const slot = (refusesJoins: boolean) => {
    const state = { available: true, refusesJoins, load: 0.5, seats: 1, connected: 0 };
    return Object.assign(state, {
      negotiateWebRtc: () => {
        state.connected++;
        return { start: () => {}, close: () => {} };
      },
      openRoom: () => {},
      link: () => {},
    });
  };
  const slots = [slot(true), slot(false)] as const;
  const room = new PlaneRoom({
    id: 1,
    slots: slots as unknown as readonly WorkerSlot[],
    spanLoad: 0.6,
    mix: { maxTalkers: 8, levelling: false },
    events: { levels: () => {} },
  });
  const connect = (returning: boolean): string => {
    const events = { connected: () => {}, silent: () => {}, closed: () => {} };
    try {
      room.connectWebRtc(
        { sdp: '', address: '' },
        { state: { muted: false, deafened: false, hearing: [] }, returning, events },
      );
      return 'taken';
    } catch (error) {
      return toAppError(error).code;
    }
  };
  t.equal(connect(false), 'taken');
  t.equal(slots[1].connected, 1);
  slots[1].refusesJoins = true;
  t.equal(connect(false), 'server_busy');
  t.equal(connect(true), 'taken', 'an earlier participant is taken back');
  slots[0].available = slots[1].available = false;
  t.equal(connect(false), 'media_unavailable');
  t.end();
});
