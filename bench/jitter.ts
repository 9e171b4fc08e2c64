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
  runs: { kind: 'number', default: 10, min: 1, max: 1000, description: 'traces of each kind' },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 31, description: 'of the first trace of each kind' },
  fixed: {
    kind: 'numbers',
    default: [20, 40, 60, 100],
    min: 0,
    max: 500,
    description: 'fixed delays to compare with, in milliseconds',
  },
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'jitter',
  about: [
    'What the jitter buffer makes of bad networks: one talker, sentences with pauses between them, in simulated time, so',
    'that the same seed gives the same figures on every machine. Nothing is sent.',
    '',
    '"Partyline" is the whole way of a voice into the mix as the server runs it (source and jitter buffer, one tick every',
    '20 ms) but for the codec. The others are a fixed delay and the rule by which NetEq, the jitter buffer of WebRTC,',
    'sets its target (worst relative delay of each half second, histogram of 20 ms steps, forgetting 0.983, quantile 0.95).',
    'Both drive a reference playout with the same tick that is kinder to them than reality: it may change the delay by a',
    'frame every 100 ms in the middle of speech, and that counts as no flaw. It is the rule that is compared, not NetEq as',
    'it runs in a browser, which works in steps of 10 ms and takes longer to shrink.',
    '',
    'wait       from the arrival of a packet with speech to its turn, mean and p95; waiting for the tick (10 ms on average)',
    '           is part of it, the jitter of the network is not',
    'concealed  frames made up, of those in which the talker was heard; what the network lost is part of it',
    'unplayed   speech that arrived and was not played: too late, or jumped over to catch up',
    'recovered  from the end of the bad time until the wait is back within 25 ms of what it was before (slowest run)',
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
