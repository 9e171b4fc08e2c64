import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { WorkerTaps } from '../src/media/control/tapped.ts';
import { TapRecordWriter } from '../src/media/link/tap-records.ts';
import { RoomTap } from '../src/media/worker/room-tap.ts';
import { Recordings } from '../src/recording/recordings.ts';
import { FakeClock } from '../test/helpers/fake-clock.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../test/helpers/opus.ts';
import { createPrng } from '../test/helpers/prng.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { RECORDING_COLUMNS, type RecordingResult, type RecordingRow } from './lib/recording-result.ts';
import { percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

const TICK_MS = 20;
/** How often a worker posts what its taps have seen. */
const POST_TICKS = 5;
const PACKETS = 100;
const ROOM = 1;

const options = {
  people: { kind: 'numbers', default: [1, 10, 100], min: 1, max: 1000, description: 'who all talk without a pause' },
  seconds: { kind: 'number', default: 60, min: 5, max: 3600, description: 'length of each recording' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'recording',
  about: [
    'Shows what it costs to record rooms: the tap in the media worker, which is part of its tick, and the rest in the main',
    'thread, with the files, the operating system and its threads. Time passes as fast as the machine allows, and packets are',
    'those of speech at 40 kb/s. Shares are of one core.',
  ].join('\n'),
  options,
  run,
});

async function run({ people, seconds, json }: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const rows: RecordingRow[] = [];
  for (const count of people) rows.push(await measure(count, seconds));
  console.log(formatTable(RECORDING_COLUMNS, rows));
  const result: RecordingResult = { benchmark: 'recording', machine, seconds, rows };
  await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
}

async function measure(people: number, seconds: number): Promise<RecordingRow> {
  const directory = await mkdtemp(join(tmpdir(), 'partyline-bench-'));
  const clock = new FakeClock();
  const recordings = new Recordings({
    directory,
    limits: { maxMs: 1e9, maxBytes: 0, minFreeBytes: 0, keepDays: 0 },
    consent: 'notice',
    observer: { started: () => {}, ended: () => {}, deleted: () => {}, uploaded: () => {}, uploadFailed: () => {} },
    clock,
    log: pino({ level: 'silent' }),
  });
  try {
    await recordings.open();
    const recording = await recordings.start({
      room: 'bench',
      title: '',
      tracks: 'both',
      consent: 'notice',
      maxMs: null,
      starter: { by: 'api' },
      onEnd: () => {},
    });
    for (let id = 1; id <= people; id++) recording.entered({ id: String(id), identity: null, name: `Person ${id}` });
    const records = new TapRecordWriter();
    const tap = new RoomTap({ roomId: ROOM, voices: true, mix: true, records, clock, post: () => {} });
    const taps = new WorkerTaps(() => {});
    taps.set(
      ROOM,
      { voices: true, mix: true },
      {
        voice: (packet) => recording.voice(String(packet.seatId), packet),
        mix: (packet) => recording.mix(packet),
      },
    );
    const payloads = speech();
    const prng = createPrng(1);
    const turnsMs: number[] = [];
    const ticks = seconds * (1000 / TICK_MS);
    const listen = (tick: number): Uint8Array | null => {
      for (let id = 1; id <= people; id++) {
        const payload = payloads[(tick + 7 * id) % PACKETS]!;
        const timestamp = (tick * FRAME_SAMPLES + id) >>> 0;
        const packet = { sequenceNumber: tick & 0xffff, timestamp, payload, levelDbov: -25, redundant: false };
        tap.heard(id, 0, packet, clock.now() + prng() * 15);
      }
      tap.write(payloads[tick % PACKETS]!, (clock.now() * 48) >>> 0);
      return tick % POST_TICKS === 0 ? records.take() : null;
    };
    let before = process.cpuUsage();
    for (let tick = 1; tick <= ticks; tick++) listen(tick);
    const workerMs = cpuMs(before);
    before = process.cpuUsage();
    for (let tick = 1; tick <= ticks; tick++) {
      const posted = listen(tick);
      const fromMs = performance.now();
      if (posted !== null) taps.receive(posted);
      clock.advance(TICK_MS);
      turnsMs.push(performance.now() - fromMs);
      if (tick % POST_TICKS === 0) await new Promise(setImmediate);
    }
    const { tracks } = await recordings.stop(recording.id);
    const totalMs = cpuMs(before);
    const bytes = tracks.filter(({ kind }) => kind === 'participant').reduce((sum, track) => sum + track.bytes, 0);
    return {
      people,
      workerPercent: workerMs / seconds / 10,
      mainPercent: (totalMs - workerMs) / seconds / 10,
      turnMs: percentile(
        turnsMs.sort((a, b) => a - b),
        0.99,
      ),
      megabytesPerHour: (bytes / people / seconds) * 0.0036,
    };
  } finally {
    await recordings.close(1000);
    await rm(directory, { recursive: true });
  }
}

/** Processor time of the whole process since `before`. */
function cpuMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Packets of a voice-like sound at 40 kb/s. */
function speech(): Buffer[] {
  const encode = createFrameEncoder({ bitsPerSecond: 40_000, complexity: 5 });
  const prng = createPrng(2);
  return Array.from({ length: PACKETS }, (_, n) =>
    encode(
      new Int16Array(FRAME_SAMPLES).map((_, i) => {
        const seconds = (n * FRAME_SAMPLES + i) / 48_000;
        return 6000 * Math.sin(2 * Math.PI * 140 * seconds) * Math.sin(19 * seconds) + 1500 * (prng() - 0.5);
      }),
    ),
  );
}
