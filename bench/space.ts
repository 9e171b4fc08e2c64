import { CodecPool } from '../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS, SAMPLE_RATE } from '../src/mixer/format.ts';
import { Mixer } from '../src/mixer/mix/mixer.ts';
import { DEFAULT_SPACE } from '../src/mixer/space/space-settings.ts';
import { createFrameEncoder } from '../test/helpers/opus.ts';
import { createPrng } from '../test/helpers/prng.ts';
import { World } from '../test/helpers/world.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { largestText, SPACE_COLUMNS, type SpaceResult, type SpaceRow } from './lib/space-result.ts';
import { percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

/** Packets of each voice, which are repeated. */
const PACKETS = 100;
const WARM_UP_TICKS = 100;
/** Ticks between two positions of everybody: 10 Hz. */
const MOVE_TICKS = 5;
/** Protecting and sending a packet, from `docs/architecture.md`. */
const SEND_MS = 0.016;
const SPARE_MS = 5;

const options = {
  listeners: {
    kind: 'numbers',
    default: [25, 50, 75, 100, 125, 150, 200],
    min: 1,
    max: 1000,
    description: 'to measure',
  },
  talkers: { kind: 'number', default: 8, min: 1, max: 64, description: 'voices; a listener hears at most 8' },
  seconds: { kind: 'number', default: 6, min: 1, max: 600, description: 'length of each run, in time of the mix' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'space',
  about: [
    'Shows how many listeners with stereo mixes of their own one media worker can have. All stand within 6 m, move at 10 Hz,',
    'and hear the same voices from where they are. Ticks of the mixer run one after the other, with real Opus, but nothing',
    `is sent: for that, ${SEND_MS} ms per listener are left, and ${SPARE_MS} ms more, so that the worker is in time.`,
  ].join('\n'),
  options,
  run,
});

async function run({ listeners, talkers, seconds, json }: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const rows = listeners.map((count) => {
    showProgress(`${count} listeners`);
    return measure(count, talkers, (seconds * 1000) / PTIME_MS);
  });
  clearProgress();
  const inTime = rows.filter(({ listeners: count, p99Ms }) => p99Ms + count * SEND_MS + SPARE_MS <= PTIME_MS);
  const largest = Math.max(0, ...inTime.map((row) => row.listeners));
  const result: SpaceResult = { benchmark: 'space', machine, talkers, rows, largest };
  console.log(formatTable(SPACE_COLUMNS, rows));
  console.log(largestText(result));
  await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
}

function measure(listeners: number, talkers: number, ticks: number): SpaceRow {
  const prng = createPrng(1);
  const pool = new CodecPool(opusCodec, () => performance.now());
  const mixer = new Mixer(pool, { maxTalkers: 0, levelling: false });
  const world = new World();
  mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
  const sink = { write: () => {} };
  const people = Array.from({ length: listeners + talkers }, (_, i) =>
    mixer.add({ sink, muted: i < listeners, deafened: i >= listeners, voice: i + 1, takesStereo: true }),
  );
  const voices = Array.from({ length: talkers }, (_, i) => packetsOf(110 + 25 * i));
  const busyMs: number[] = [];
  let encodedMs = 0;
  let startedAt = process.cpuUsage();
  for (let tick = 0; tick < WARM_UP_TICKS + ticks; tick++) {
    if (tick === WARM_UP_TICKS) {
      encodedMs = pool.counters.encodeMs;
      startedAt = process.cpuUsage();
    }
    if (tick % MOVE_TICKS === 0) {
      for (let i = 0; i < people.length; i++) world.put(i, { at: [6 * prng(), 0, 6 * prng()], yaw: 360 * prng() });
    }
    for (const [i, packets] of voices.entries()) {
      const payload = packets[tick % PACKETS]!;
      const timestamp = (tick * FRAME_SAMPLES) >>> 0;
      const packet = { sequenceNumber: tick & 0xffff, timestamp, payload, levelDbov: -25, redundant: false };
      mixer.push(people[listeners + i]!, packet, tick * PTIME_MS);
    }
    const before = performance.now();
    mixer.tick(tick, tick * PTIME_MS + 1);
    if (tick >= WARM_UP_TICKS) busyMs.push(performance.now() - before);
  }
  const { user, system } = process.cpuUsage(startedAt);
  const totalMs = busyMs.reduce((sum, ms) => sum + ms, 0);
  const row: SpaceRow = {
    listeners,
    medianMs: percentile(busyMs, 0.5),
    p99Ms: percentile(busyMs, 0.99),
    cpuUsPerListener: (user + system) / ticks / listeners,
    encodePercent: (100 * (pool.counters.encodeMs - encodedMs)) / totalMs,
  };
  mixer.close();
  return row;
}

/** Two seconds of something like a voice: harmonics that swell four times a second. */
function packetsOf(pitchHz: number): Uint8Array[] {
  const encode = createFrameEncoder();
  return Array.from({ length: PACKETS }, (_, frame) => {
    const pcm = new Int16Array(FRAME_SAMPLES);
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const seconds = (frame * FRAME_SAMPLES + i) / SAMPLE_RATE;
      const loudness = 1500 * (1.2 + Math.sin(2 * Math.PI * 4 * seconds));
      for (let k = 1; k <= 20; k++) pcm[i]! += (loudness / k) * Math.sin(2 * Math.PI * pitchHz * k * seconds);
    }
    return Uint8Array.from(encode(pcm));
  });
}
