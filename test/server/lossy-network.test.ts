import { test } from 'tap';
import { encodeProgramme, type Programme } from '../../bench/client/programme.ts';
import { compareWithDirect, type QualityFigures } from '../../bench/lib/quality/compare.ts';
import { concealmentToc } from '../../src/formats/opus-packet.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import type { LossyLinkOptions } from '../helpers/lossy-link.ts';
import { createFrameDecoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { concatInt16, SAMPLE_RATE } from '../helpers/signal.ts';
import { SimulatedEngine } from '../helpers/simulated-engine.ts';
import { speech } from '../helpers/speech.ts';

const SEED = Number(process.env['SEED'] ?? 3);
const SECONDS = 15;
/** Two of three reports must show loss. */
const WARM_UP_SECONDS = 4;
const REPORT_INTERVAL_MS = 1000;
/** A browser's decoder fades to silence over this many concealed frames. */
const MOST_CONCEALED = 5;

interface Condition {
  readonly name: string;
  readonly loss?: number;
  readonly red?: boolean;
  readonly network?: Partial<LossyLinkOptions>;
}

interface Outcome extends QualityFigures {
  readonly concealedDownShare: number;
}

/** What one participant hears of the other's speech when both are on such a network, from real Opus to real Opus. */
async function listen(pcm: Float32Array, programme: Programme, condition: Condition): Promise<Outcome> {
  const { loss = 0, red = true, network = {} } = condition;
  const engine = new SimulatedEngine(SEED);
  const decode = createFrameDecoder();
  const silence = new Int16Array(FRAME_SAMPLES);
  const heard: Int16Array[] = [];
  let last: Uint8Array | undefined;
  let concealed = 0;
  let concealedInARow = 0;
  let startMs = Number.NaN;
  const warmUpFrames = WARM_UP_SECONDS * 50;
  const link = { loss, red, network, reportIntervalMs: REPORT_INTERVAL_MS };
  engine.join({
    ...link,
    payload: (n) => {
      if (n === warmUpFrames) startMs = engine.clock.now();
      return programme[n < warmUpFrames ? n % programme.length : n - warmUpFrames]?.payload ?? null;
    },
  });
  const startPlayingMs: number[] = [];
  engine.join({
    ...link,
    onPlayed: (playout, payload) => {
      if (Number.isNaN(startMs)) return;
      startPlayingMs.push(engine.clock.now());
      if (playout === 'packet') {
        concealedInARow = 0;
        last = Uint8Array.from(payload);
        heard.push(decode(payload).slice(0, FRAME_SAMPLES));
      } else if (playout === 'idle' || last === undefined || ++concealedInARow > MOST_CONCEALED) heard.push(silence);
      else {
        concealed++;
        heard.push(decode(Uint8Array.of(concealmentToc(last[0]!))).slice(0, FRAME_SAMPLES));
      }
    },
  });
  engine.run(WARM_UP_SECONDS + SECONDS + 2);
  await engine.close();
  const figures = compareWithDirect([{ pcm, startMs }], {
    pcm: concatInt16(heard),
    startMs: startPlayingMs[0]!,
    arrivals: [],
  });
  return { ...figures, concealedDownShare: concealed / heard.length };
}

/** At an ESTOI of 0.7, listeners understand nearly every word of speech. 0.97 is what the two encoders leave. */
const CONDITIONS: readonly (Condition & { readonly leastEstoi: number })[] = [
  { name: 'nothing is wrong', leastEstoi: 0.95 },
  { name: '10 % are lost', loss: 0.1, leastEstoi: 0.89 },
  { name: '20 % are lost', loss: 0.2, leastEstoi: 0.84 },
  { name: '10 % are lost in runs of three', loss: 0.1, network: { lossRun: 3 }, leastEstoi: 0.72 },
  {
    name: '30 ms of jitter, 5 % overtaken, 5 % duplicated',
    network: { jitterMs: 30, reordering: 0.05, duplication: 0.05 },
    leastEstoi: 0.93,
  },
  // Most of the time, speech with RED needs more than that.
  { name: '64 kbit/s in each direction', network: { bitsPerSecond: 64_000 }, leastEstoi: 0.65 },
];

test('speech is understood on networks where, in each direction,', {
  skip: skipIfMissing(missingPackages(['espeak-ng'])),
}, async (t) => {
  t.comment(`SEED=${SEED}`);
  const pcm = (await speech('en-us', SECONDS)).slice(0, SECONDS * SAMPLE_RATE);
  const programme = encodeProgramme(pcm);
  const figures = new Map<string, Outcome>();
  for (const { leastEstoi, ...condition } of CONDITIONS) {
    const outcome = await listen(pcm, programme, condition);
    figures.set(condition.name, outcome);
    t.ok(outcome.estoi >= leastEstoi, `${condition.name}: ${inWords(outcome)}`);
  }
  t.ok(figures.get('nothing is wrong')!.segmentalSnrDb > 5, 'as after two passes through Opus');
  const without = await listen(pcm, programme, { name: 'no RED', loss: 0.2, red: false });
  const gain = figures.get('20 % are lost')!.estoi - without.estoi;
  t.ok(gain > 0.12, `20 % are lost, without RED: ${inWords(without)}`);
});

function inWords({ estoi, segmentalSnrDb, delayP50Ms, concealedDownShare }: Outcome): string {
  const parts = [
    `ESTOI ${estoi.toFixed(3)}`,
    `segmental SNR ${segmentalSnrDb.toFixed(1)} dB`,
    `delay ${delayP50Ms.toFixed(0)} ms`,
    `${(100 * concealedDownShare).toFixed(1)} % concealed at the listener`,
  ];
  return parts.join(', ');
}
