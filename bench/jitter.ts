import { drawChart } from './lib/chart.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { type JitterResult, type JitterRow, jitterChart, jitterColumns } from './lib/jitter-result.ts';
import { describeMachine } from './lib/machine.ts';
import { JSON_FILE, type Options, SVG_FILE, type Values } from './lib/options.ts';
import { fixedDelay, NetEqRule } from './lib/playout/delay-rules.ts';
import { measurePlayouts, type Playout } from './lib/playout/outcome.ts';
import { playReference } from './lib/playout/reference-playout.ts';
import { playThroughSource } from './lib/playout/source-playout.ts';
import { createTrace, TRACES, type Trace, type TraceModel } from './lib/playout/trace.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { mean } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

const options = {
  seconds: { kind: 'number', default: 60, min: 40, max: 3600, description: 'length of each trace' },
  runs: { kind: 'number', default: 10, min: 1, max: 1000, description: 'number of traces of each kind' },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 31, description: 'seed of the first trace of each kind' },
  fixed: {
    kind: 'numbers',
    default: [20, 40, 60, 100],
    min: 0,
    max: 500,
    description: 'fixed delays to compare with, in ms',
  },
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'jitter',
  about: [
    'Shows how the jitter buffer copes with bad networks. One talker speaks in sentences with pauses between them. Time is',
    'simulated, so the same seed gives the same figures on every machine, and nothing is sent.',
    '',
    '"Partyline" is the path of a voice into the mix as the server runs it (source and jitter buffer, one tick every 20 ms),',
    'without the codec. It is compared with fixed delays and with the rule by which NetEq, the jitter buffer of WebRTC, sets',
    'its target (worst relative delay in each half second, histogram with 20 ms steps, forget factor 0.983, quantile 0.95).',
    'Those drive a reference playout with the same tick, which is kinder to them than reality: it may change its delay by a',
    'frame every 100 ms in the middle of speech at no cost. Only the rule is compared; the real NetEq works in 10 ms steps',
    'and takes longer to shrink.',
    '',
    'wait       time from the arrival of a speech packet until it is played, mean and p95. Includes waiting for the tick',
    '           (10 ms on average), but not the jitter of the network.',
    'concealed  share of the frames with speech that had to be concealed, including those that the network lost',
    'unplayed   speech that arrived but was not played, because it was too late or skipped to catch up',
    'recovered  time from the end of the bad period until the wait is back within 25 ms of its old value (slowest run)',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  const rows = TRACES.map((model) => {
    showProgress(model.name);
    return compare(model, values);
  });
  clearProgress();
  const { seed, runs, seconds, fixed } = values;
  const result: JitterResult = { benchmark: 'jitter', machine, seed, runs, seconds, fixedMs: fixed, rows };
  console.log(formatTable(jitterColumns(fixed), rows));
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  await writeResult(values.svg, drawChart(jitterChart(result)));
}

function compare(model: TraceModel, { seconds, runs, seed, fixed }: Values<typeof options>): JitterRow {
  const traces = Array.from({ length: runs }, (_, index) => createTrace(model, seconds, seed + index));
  const frames = seconds * 50;
  const figures = (play: (trace: Trace) => Playout) =>
    measurePlayouts(
      model,
      traces.map((trace) => ({ trace, playout: play(trace) })),
    );
  return {
    trace: model.name,
    networkLossPercent: mean(traces.map(({ packets }) => 100 * (1 - packets.length / frames))),
    partyline: figures(playThroughSource),
    netEqRule: figures((trace) => playReference(trace, new NetEqRule())),
    fixed: fixed.map((ms) => figures((trace) => playReference(trace, fixedDelay(ms)))),
  };
}
