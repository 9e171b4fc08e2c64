/**
 * Six people are recorded for three minutes of simulated time, each with other misfortunes, and real decoders play their
 * files. Everything that was said must be where it was said.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { PersonTrack, type Talk } from '../../src/recording/person-track.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { decodeOgg, readOgg } from '../helpers/ogg.ts';
import {
  chirpError,
  NETWORK_MS,
  type PersonPlan,
  type RecordedPerson,
  recordedPerson,
} from '../helpers/recorded-people.ts';

const START_MS = 1_000_000;
const END_MS = 180_000;
/** How often the worker posts what it has collected. */
const BATCH_MS = 100;
const SAMPLES_PER_MS = 48;

const PLANS: readonly PersonPlan[] = [
  { name: 'drift and jitter', seed: 1, fromMs: 0, ppm: 80, jitterMs: 40, loss: 0 },
  { name: 'late, with loss', seed: 2, fromMs: 23_217, ppm: -120, jitterMs: 20, loss: 0.03 },
  {
    name: 'reconnects',
    seed: 3,
    fromMs: 0,
    ppm: 0,
    jitterMs: 10,
    loss: 0,
    gone: { fromMs: 70_000, toMs: 110_500 },
  },
  { name: 'never pauses', seed: 4, fromMs: 0, ppm: 200, jitterMs: 20, loss: 0, neverPauses: true },
  {
    name: 'capture stalls',
    seed: 5,
    fromMs: 0,
    ppm: 20,
    jitterMs: 20,
    loss: 0,
    stalls: [
      { fromMs: 60_000, toMs: 78_000 },
      { fromMs: 120_000, toMs: 120_700 },
    ],
  },
  {
    name: 'network holds back',
    seed: 6,
    fromMs: 0,
    ppm: -40,
    jitterMs: 20,
    loss: 0,
    holds: [
      { fromMs: 50_000, toMs: 53_000 },
      { fromMs: 130_000, toMs: 130_900 },
    ],
  },
];

interface Recorded {
  readonly person: RecordedPerson;
  readonly track: PersonTrack;
  readonly bytes: Buffer;
  readonly talks: readonly Talk[];
}

function record(person: RecordedPerson): Recorded {
  const talks: Talk[] = [];
  const track = new PersonTrack({
    startMs: START_MS,
    serial: person.plan.seed,
    tags: [['ARTIST', person.plan.name]],
    onTalk: (talk) => talks.push(talk),
  });
  const pages: Uint8Array[] = [];
  let next = 0;
  for (let nowMs = 0; nowMs <= END_MS; nowMs += BATCH_MS) {
    for (; (person.packets[next]?.arrivalMs ?? END_MS) < nowMs; next++) {
      const packet = person.packets[next]!;
      track.add({ ...packet, arrivalMs: START_MS + packet.arrivalMs });
    }
    pages.push(...track.advance(START_MS + nowMs));
  }
  pages.push(...track.end(START_MS + END_MS));
  return { person, track, talks, bytes: Buffer.concat(pages) };
}

const recorded = PLANS.map((plan, turn) => record(recordedPerson(plan, END_MS, turn, PLANS.length)));

/** Errors of all chirps in milliseconds; undefined for those that are not found. */
function errorsOf(pcm: Int16Array, { chirpsMs }: RecordedPerson): (number | undefined)[] {
  return chirpsMs.map((atMs) => chirpError(pcm, atMs + NETWORK_MS));
}

function judge(t: Test, pcm: Int16Array, { person }: Recorded): void {
  const errors = errorsOf(pcm, person);
  const found = errors.filter((error) => error !== undefined).sort((a, b) => a - b);
  const median = found[found.length >> 1] ?? Number.NaN;
  const range = `${found[0]?.toFixed(1)} to ${found.at(-1)?.toFixed(1)} ms, median ${median.toFixed(1)}`;
  t.comment(`${person.plan.name}: ${found.length} of ${errors.length} chirps, ${range}`);
  // With loss, some chirps are damaged.
  t.ok(found.length >= errors.length * (1 - 8 * person.plan.loss), 'chirps are found');
  t.ok(errors.length > 10);
  t.ok((found[0] ?? -99) > -20 && (found.at(-1) ?? 99) < 20, 'each within 20 ms');
  t.ok(Math.abs(median) < 8, 'the median within 8 ms');
}

for (const one of recorded) {
  test(`everything that was said is in its place: ${one.person.plan.name}`, (t) => {
    const pcm = decodeOgg(one.bytes);
    t.equal(pcm.length, END_MS * SAMPLES_PER_MS, 'as long as the recording');
    judge(t, pcm, one);
    t.end();
  });
}

test('a file is whole, and ends where the recording ends', (t) => {
  for (const { bytes, person } of recorded) {
    const { isEnded, skipped } = readOgg(bytes);
    t.ok(isEnded, person.plan.name);
    t.equal(skipped, 0);
  }
  t.end();
});

test('the drift of a clock is measured', (t) => {
  const [drifting, , , fast] = recorded.map(({ track }) => track.driftPpm);
  t.ok(Math.abs((drifting ?? 0) - 80) < 60, `${drifting}`);
  t.ok(Math.abs((fast ?? 0) - 200) < 60, `${fast}`);
  t.end();
});

test('it is known who talked when', (t) => {
  const { talks, person, track } = recorded[0]!;
  t.equal(talks.length, person.chirpsMs.length);
  for (const [index, { fromMs, toMs }] of talks.entries()) {
    const chirpMs = person.chirpsMs[index]!;
    t.ok(fromMs < chirpMs && toMs > chirpMs);
  }
  t.ok(Math.abs(track.talkMs - talks.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)) < talks.length);
  t.end();
});

const TOOLS = skipIfMissing(missingPackages(['ffmpeg', 'oggz-tools', 'opus-tools']));

test('other programs play and approve the files', { skip: TOOLS }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-tracks-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const one of recorded) {
    const path = join(folder, `${one.person.plan.seed}.opus`);
    writeFileSync(path, one.bytes);
    const run = (command: string, ...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'buffer', maxBuffer: 1e8 });
      return { status, stdout, text: `${stdout.length < 1e5 ? stdout : ''}${stderr}` };
    };
    const oggz = run('oggz-validate', path);
    t.equal(oggz.status, 0, oggz.text);
    const info = run('opusinfo', path);
    t.notMatch(info.text, /WARNING/i);
    const probe = run('ffprobe', '-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path);
    t.ok(Math.abs(Number(probe.stdout.toString()) - END_MS / 1000) < 0.05, probe.text);
    const played = run('ffmpeg', ...`-v error -c:a libopus -i ${path} -f s16le -ac 1 -ar 48000 -`.split(' '));
    t.equal(played.status, 0, played.text);
    const { buffer, byteOffset, length } = Buffer.from(played.stdout);
    judge(t, new Int16Array(buffer.slice(byteOffset, byteOffset + length)), one);
  }
  t.end();
});
