import { isDeepStrictEqual } from 'node:util';
import { test } from 'tap';
import { fixedDelay, NetEqRule } from '../../bench/lib/playout/delay-rules.ts';
import { measurePlayouts, type PlayoutFigures } from '../../bench/lib/playout/outcome.ts';
import { playReference } from '../../bench/lib/playout/reference-playout.ts';
import { playThroughSource } from '../../bench/lib/playout/source-playout.ts';
import { createTrace, TRACES, type TraceModel } from '../../bench/lib/playout/trace.ts';

const SEED = Number(process.env['SEED'] ?? 3);
const SECONDS = 60;

const RUNS = 4;

const comparisons = new Map<TraceModel, ReturnType<typeof compareAnew>>();

/** Several tests look at the same network. */
function compare(model: TraceModel) {
  const known = comparisons.get(model) ?? compareAnew(model);
  comparisons.set(model, known);
  return known;
}

function compareAnew(model: TraceModel) {
  const traces = Array.from({ length: RUNS }, (_, index) => createTrace(model, SECONDS, SEED + index));
  const figures = (play: (trace: (typeof traces)[number]) => ReturnType<typeof playThroughSource>): PlayoutFigures =>
    measurePlayouts(
      model,
      traces.map((trace) => ({ trace, playout: play(trace) })),
    );
  return {
    partyline: figures(playThroughSource),
    netEq: figures((trace) => playReference(trace, new NetEqRule())),
    fixed: (ms: number) => figures((trace) => playReference(trace, fixedDelay(ms))),
  };
}

const modelNamed = (name: string) => TRACES.find((model) => model.name === name)!;

test('the same seed gives the same trace, and another seed gives a different one', async (t) => {
  const model = modelNamed('Wi-Fi, often');
  t.ok(isDeepStrictEqual(createTrace(model, 10, 7), createTrace(model, 10, 7)));
  t.notOk(isDeepStrictEqual(createTrace(model, 10, 7), createTrace(model, 10, 8)));
});

test('the loss rate matches the name of the trace', async (t) => {
  for (const [name, percent] of [
    ['loss 10 %', 10],
    ['bursty loss 20 %', 20],
  ] as const) {
    const { packets } = createTrace(modelNamed(name), 3600, SEED);
    t.ok(Math.abs(100 * (1 - packets.length / 180_000) - percent) < percent / 10, name);
  }
});

test("a fixed delay waits for that time and the tick, and NetEq's rule waits for a bucket", async (t) => {
  const { fixed, netEq } = compare(modelNamed('constant'));
  for (const [{ waitMeanMs }, targetMs] of [
    [fixed(40), 40],
    [fixed(100), 100],
    [netEq, 20],
  ] as const) {
    t.ok(waitMeanMs >= targetMs && waitMeanMs <= targetMs + 20, `${waitMeanMs.toFixed(1)} ms for ${targetMs} ms`);
  }
  t.equal(netEq.concealedPercent, 0);
});

test('lost packets are concealed, whichever playout is used', async (t) => {
  const { partyline, netEq, fixed } = compare(modelNamed('loss 10 %'));
  for (const { concealedPercent } of [partyline, netEq, fixed(60)]) {
    t.ok(Math.abs(concealedPercent - 10) < 1.5, `${concealedPercent.toFixed(2)} %`);
  }
});

test("on every network the wait is shorter than with NetEq's rule, and hardly more is concealed", async (t) => {
  t.comment(`SEED=${SEED}`);
  for (const model of TRACES) {
    const { partyline, netEq } = compare(model);
    t.ok(partyline.waitMeanMs < netEq.waitMeanMs, `${model.name}: ${partyline.waitMeanMs.toFixed(1)} ms`);
    // With rare stalls the difference is noise: a few frames a minute either way.
    const more = partyline.concealedPercent - netEq.concealedPercent;
    t.ok(more < 0.2, `${model.name}: ${partyline.concealedPercent.toFixed(2)} % concealed`);
  }
});

test('after a bad period the delay is back to normal within about five seconds', async (t) => {
  t.comment(`SEED=${SEED}`);
  for (const model of TRACES.filter(({ bad }) => bad !== undefined)) {
    const { recoveryMs } = compare(model).partyline;
    t.ok(recoveryMs! <= 5600, `${model.name}: ${recoveryMs} ms`);
  }
});
