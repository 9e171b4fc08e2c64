import { setTimeout as sleep } from 'node:timers/promises';
import { createFrameDecoder } from '../test/helpers/opus.ts';
import { createPrng } from '../test/helpers/prng.ts';
import { advance, concatInt16, toInt16 } from '../test/helpers/signal.ts';
import { speech, VOICES } from '../test/helpers/speech.ts';
import { Pacer } from './client/pacer.ts';
import { encodeProgramme, type Programme } from './client/programme.ts';
import { isInPrivateNetwork, runInPrivateNetwork } from './janus/private-network.ts';
import { drawChart } from './lib/chart.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { AGAINST, JSON_FILE, type Options, SVG_FILE, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { compareWithDirect } from './lib/quality/compare.ts';
import { Ear, randomLoss } from './lib/quality/ear.ts';
import {
  type MixingServer,
  type StartMixingServer,
  startJanus,
  startPartyline,
  startPartylineMixing,
  startPartylineWithRed,
} from './lib/quality/server.ts';
import { Talker } from './lib/quality/talker.ts';
import { QUALITY_COLUMNS, type QualityResult, type QualityRow, qualityChart } from './lib/quality-result.ts';
import { formatTable } from './lib/table.ts';

const SAMPLE_RATE = 48_000;
/** Time for what is still on its way at the end. */
const LAST_WORDS_MS = 1000;
/** The server sends RED if two of three reports tell of loss. A browser needs ten seconds to send that many. */
const LOSS_REPORTS = 3;
const REPORT_INTERVAL_MS = 50;
/** A gain that changes nothing to hear, but makes the server mix. */
const NEARLY_UNITY = 0.99;

const options = {
  talkers: {
    kind: 'numbers',
    default: [1, 2, 4],
    min: 1,
    max: VOICES.length,
    description: 'number of people who talk at the same time, one step for each number',
  },
  loss: {
    kind: 'numbers',
    default: [0, 5, 10, 20],
    min: 0,
    max: 90,
    description: 'random packet loss in each direction in percent, one room for each number',
  },
  seconds: { kind: 'number', default: 30, min: 10, max: 600, description: 'length of the speech in each step' },
  seed: { kind: 'number', default: 1, min: 0, max: 2 ** 31, description: 'seed of the losses' },
  against: AGAINST,
  json: JSON_FILE,
  svg: SVG_FILE,
} as const satisfies Options;

await runCommand({
  name: 'quality',
  about: [
    'Compares what a listener hears with the sum of the original voices. The built server runs in a separate process without',
    'levelling. The talkers send speech (espeak-ng, each with a different voice and text) in real Opus, VOIP mode at 32 kb/s,',
    'with DTX if the server asks for it, as browsers do. The listener decodes what arrives and conceals lost packets with the',
    "decoder's own means. With RED, each packet repeats the previous one (RFC 2198), as between Chromium and the page: always",
    'on the way in, and on the way out to listeners who report loss. A voice that is heard alone is not mixed, and its packets',
    'are passed on as they came; the rows "Partyline, mixed" show the same voice mixed. Packets are dropped at random and',
    'independently in both directions; the same seed drops the same packets in every run.',
    '',
    'segmental SNR   mean over the 20 ms frames with speech, each limited to -10 to 35 dB',
    'ESTOI           intelligibility (Jensen and Taal 2016): 1 for the original, 0 for unintelligible',
    'delay           from a packet to the same sound in the output, by correlation, second by second; without the 6.5 ms',
    "                look-ahead of the sender's encoder",
    '',
    'Before the comparison, each voice is shifted by its delay and scaled to its level in the mix. Rows with the server "none"',
    "are the packets decoded and added up without a server or loss, which shows what the senders' encoders leave.",
  ].join('\n'),
  options,
  run,
});

interface Voice {
  readonly pcm: Float32Array;
  /** One programme for a server that asks for DTX, and one for a server that does not. */
  readonly programme: Programme;
  readonly withoutDtx: Programme;
}

async function run(values: Values<typeof options>): Promise<void> {
  if (values.against === 'janus' && !isInPrivateNetwork()) {
    process.exitCode = runInPrivateNetwork();
    return;
  }
  const others: readonly StartMixingServer[] = [
    startPartylineWithRed,
    ...(values.against === 'janus' ? [startJanus] : []),
  ];
  const machine = describeMachine();
  warnIfBusy(machine);
  const voices: Voice[] = [];
  for (const name of VOICES.slice(0, Math.max(...values.talkers))) {
    showProgress(`speech of ${name}`);
    const pcm = (await speech(name, values.seconds)).slice(0, values.seconds * SAMPLE_RATE);
    voices.push({ pcm, programme: encodeProgramme(pcm), withoutDtx: encodeProgramme(pcm, false) });
  }
  const rows: QualityRow[] = [];
  for (const count of values.talkers) {
    rows.push(withoutServer(voices.slice(0, count)));
    // Two voices or more are always mixed.
    const own = count === 1 ? [startPartyline, startPartylineMixing] : [startPartyline];
    for (const start of [...own, ...others]) rows.push(...(await throughServer(start, voices.slice(0, count), values)));
  }
  clearProgress();
  const { seed, seconds } = values;
  const result: QualityResult = { benchmark: 'quality', machine, seed, seconds, rows };
  console.log(formatTable(QUALITY_COLUMNS, rows));
  await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  await writeResult(values.svg, drawChart(qualityChart(result)));
}

function withoutServer(voices: readonly Voice[]): QualityRow {
  const length = Math.min(...voices.map(({ pcm }) => pcm.length));
  const sum = new Float32Array(length);
  for (const { programme } of voices) {
    const decode = createFrameDecoder();
    const silence = new Int16Array(960);
    const decoded = concatInt16(
      programme.map((frame) => (frame === undefined ? silence : decode(frame.payload).slice())),
    );
    advance(decoded, 0, length).forEach((sample, index) => {
      sum[index]! += sample;
    });
  }
  const spoken = voices.map(({ pcm }) => ({ pcm, startMs: 0 }));
  const figures = compareWithDirect(spoken, { pcm: toInt16(sum), startMs: 0, arrivals: [] });
  return { server: 'none', talkers: voices.length, lossPercent: 0, ...figures };
}

async function throughServer(
  start: StartMixingServer,
  voices: readonly Voice[],
  values: Values<typeof options>,
): Promise<QualityRow[]> {
  const server = await start(values.loss.map(roomName));
  const pacer = new Pacer();
  try {
    const rooms = await Promise.all(
      values.loss.map((lossPercent, index) => openRoom(server, pacer, voices, lossPercent, values.seed + 1000 * index)),
    );
    for (let second = 0; second < values.seconds; second++) {
      showProgress(`${server.name}, ${voices.length} talking: ${second} of ${values.seconds} s`);
      await sleep(1000);
    }
    await sleep(LAST_WORDS_MS);
    pacer.close();
    return rooms.map(({ finish }) => finish());
  } finally {
    pacer.close();
    await server.close();
  }
}

function roomName(lossPercent: number): string {
  return `quality-${lossPercent}`;
}

/** One room in which all voices start to speak and somebody listens. */
async function openRoom(
  server: MixingServer,
  pacer: Pacer,
  voices: readonly Voice[],
  lossPercent: number,
  seed: number,
): Promise<{ finish(): QualityRow }> {
  const room = roomName(lossPercent);
  const ear = new Ear();
  const listener = await server.join(room, 'listener', (received) => ear.add(received));
  const participants = [listener];
  const talkers: Talker[] = [];
  for (const [index, { programme, withoutDtx }] of voices.entries()) {
    const participant = await server.join(room, `talker ${index}`);
    participants.push(participant);
    if (server.mixes) listener.hear(participant, NEARLY_UNITY);
    const said = participant.dtx ? programme : withoutDtx;
    talkers.push(new Talker(participant, said, randomLoss(lossPercent, createPrng(seed + index))));
  }
  if (server.red) {
    for (let report = 0; report < LOSS_REPORTS; report++) {
      listener.reportLoss(lossPercent / 100);
      await sleep(REPORT_INTERVAL_MS);
    }
  }
  // Not earlier: joining takes a while, and all voices must speak at the same time.
  for (const [index, talker] of talkers.entries()) pacer.add(index, () => talker.sendNext());
  return {
    finish: () => {
      for (const participant of participants) participant.close();
      const heard = ear.listen(randomLoss(lossPercent, createPrng(seed + 999)));
      const spoken = voices.map(({ pcm }, index) => ({ pcm, startMs: talkers[index]!.startMs }));
      const figures = compareWithDirect(spoken, heard);
      return { server: server.name, talkers: voices.length, lossPercent, ...figures };
    },
  };
}
