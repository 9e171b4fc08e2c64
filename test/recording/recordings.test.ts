import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import pino from 'pino';
import { type Test, test } from 'tap';
import { RecordingFolder } from '../../src/recording/folder.ts';
import { Library } from '../../src/recording/library.ts';
import { type Manifest, manifestSchema } from '../../src/recording/manifest.ts';
import { type RecordingLimits, Recordings, type RecordingsOptions } from '../../src/recording/recordings.ts';
import type { RecordingStart } from '../../src/rooms/recording/recorder.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { decodeOgg, readOgg } from '../helpers/ogg.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { toInt16, tone } from '../helpers/signal.ts';

const ADA = { id: 'a1', identity: 'u1', name: 'Ada' };
const LIMITS: RecordingLimits = { maxMs: 3_600_000, maxBytes: 0, minFreeBytes: 0, keepDays: 0 };

function setUp(
  t: Test,
  limits: Partial<RecordingLimits> = {},
  given: { directory?: string; consent?: 'required'; bucket?: RecordingsOptions['bucket'] } = {},
) {
  const directory = given.directory ?? mkdtempSync(join(tmpdir(), 'partyline-recordings-'));
  if (given.directory === undefined) t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const clock = new FakeClock();
  const events: string[] = [];
  const note = (what: string) => (recording: Manifest) => events.push(`${what} ${recording.reason ?? ''}`.trim());
  const recordings = new Recordings({
    directory,
    limits: { ...LIMITS, ...limits },
    consent: given.consent ?? 'notice',
    observer: {
      started: note('started'),
      ended: note('ended'),
      deleted: note('deleted'),
      uploaded: note('uploaded'),
      uploadFailed: note('upload failed'),
    },
    bucket: given.bucket,
    clock,
    log: pino({ level: 'silent' }),
  });
  return { directory, clock, recordings, events };
}

function start(given: Partial<RecordingStart> = {}): RecordingStart & { readonly ends: string[] } {
  const ends: string[] = [];
  return {
    room: 'Lobby',
    title: '',
    tracks: 'both',
    consent: 'notice',
    maxMs: null,
    ends,
    starter: { by: 'api' },
    onEnd: (reason) => ends.push(reason),
    ...given,
  };
}

const encode = createFrameEncoder();
const packets = Array.from({ length: 50 }, (_, n) =>
  encode(toInt16(tone({ frequencyHz: 400, samples: FRAME_SAMPLES, startSample: n * FRAME_SAMPLES }))),
);

/** Has Ada talk for this long. */
async function talk(clock: FakeClock, recording: Awaited<ReturnType<Recordings['start']>>, seconds: number) {
  for (let i = 0; i < 50 * seconds; i++) {
    const arrivalMs = clock.now();
    const payload = packets[i % packets.length]!;
    const timestamp = (arrivalMs * 48) >>> 0;
    recording.voice(ADA.id, { seatId: 1, stream: 1, arrivalMs, timestamp, payload, levelDbov: -20 });
    recording.mix({ arrivalMs, timestamp, payload });
    clock.advance(20);
    if (i % 10 === 0) await new Promise(setImmediate);
  }
}

test('a recording has a folder with its files, which only their owner can read', async (t) => {
  const { directory, clock, recordings, events } = setUp(t);
  await recordings.open();
  const recording = await recordings.start(start({ title: 'Weekly' }));
  recording.entered(ADA);
  recording.entered({ id: 'b2', identity: null, name: 'Silent Ben' });
  recording.setMuted('b2', false);
  recording.setMuted('b2', true);
  await talk(clock, recording, 3);
  recording.left('b2');
  clock.advance(500);
  const finished = await recordings.stop(recording.id);
  t.match(finished, { state: 'finished', reason: 'stopped', durationMs: 3500, title: 'Weekly' });
  t.same(events, ['started', 'ended stopped']);

  const folder = join(directory, '2026-01-01', recording.id);
  t.same(readdirSync(folder).sort(), ['01-Ada.opus', 'events.jsonl', 'manifest.json', 'mix.opus']);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  t.same(manifest, finished);
  t.match(manifest.people, [
    { name: 'Ada', present: [{ fromMs: 0, toMs: 3500 }] },
    { name: 'Silent Ben', present: [{ fromMs: 0, toMs: 3000 }] },
  ]);
  for (const { file, bytes } of manifest.tracks) {
    const content = readFileSync(join(folder, file));
    t.equal(content.length, bytes);
    t.ok(readOgg(content).isEnded);
    t.equal(decodeOgg(content).length, 3500 * 48, file);
  }
  const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.same(
    lines.map(({ type, participantId }) => `${type} ${participantId}`),
    ['joined a1', 'joined b2', 'unmuted b2', 'muted b2', 'left b2', 'left a1', 'spoke a1'],
  );
});

test('names stay inside the folder, and whole in the manifest', async (t) => {
  const { directory, clock, recordings } = setUp(t);
  await recordings.open();
  const names = ['../../x', 'CON', 'x'.repeat(300), '🎉', 'Zoë / Ω', '.', '-rf'];
  const recording = await recordings.start(start({ tracks: 'participants', room: '../room' }));
  for (const [index, name] of names.entries()) {
    recording.entered({ id: `p${index}`, identity: null, name });
    const packet = {
      seatId: index,
      stream: 1,
      arrivalMs: clock.now(),
      timestamp: 0,
      payload: packets[0]!,
      levelDbov: null,
    };
    recording.voice(`p${index}`, packet);
  }
  clock.advance(2000);
  const { tracks } = await recordings.stop(recording.id);
  t.same(
    tracks.map(({ file }) => file),
    ['01-x.opus', '02-CON.opus', `03-${'x'.repeat(40)}.opus`, '04.opus', '05-Zoë-Ω.opus', '06.opus', '07-rf.opus'],
  );
  t.same(
    tracks.map(({ name }) => name),
    names,
  );
  const folder = recordings.folderOf(recording.id);
  t.same(readdirSync(folder).sort(), [...tracks.map(({ file }) => file), 'events.jsonl', 'manifest.json'].sort());
  t.same(readdirSync(directory), ['2026-01-01']);
});

test('a recording that a crash has cut off is repaired', async (t) => {
  const { clock, recordings } = setUp(t);
  await recordings.open();
  const recording = await recordings.start(start());
  recording.entered(ADA);
  await talk(clock, recording, 4);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const folder = recordings.folderOf(recording.id);
  // The process is gone, in the middle of a write.
  const copy = mkdtempSync(join(tmpdir(), 'partyline-crashed-'));
  t.teardown(() => rmSync(copy, { recursive: true, force: true }));
  mkdirSync(join(copy, '2026-01-01', recording.id), { recursive: true });
  for (const name of readdirSync(folder))
    writeFileSync(join(copy, '2026-01-01', recording.id, name), readFileSync(join(folder, name)));
  const track = join(copy, '2026-01-01', recording.id, '01-Ada.opus');
  truncateSync(track, statSync(track).size - 7);

  const after = setUp(t, {}, { directory: copy });
  await after.recordings.open();
  const repaired = after.recordings.find(recording.id);
  t.match(repaired, { state: 'finished', reason: 'interrupted' });
  t.same(after.events, ['ended interrupted']);
  t.ok(repaired.durationMs! >= 1900 && repaired.durationMs! <= 4000, `${repaired.durationMs} ms`);
  const content = readFileSync(track);
  const { isEnded, skipped } = readOgg(content);
  t.ok(isEnded);
  t.equal(skipped, 0);
  t.equal(repaired.tracks.find(({ file }) => file === '01-Ada.opus')!.bytes, content.length);
  t.notOk(existsSync(join(copy, '2026-01-01', recording.id, '.reserve')));
  // The next start finds nothing to do.
  const again = setUp(t, {}, { directory: copy });
  await again.recordings.open();
  t.same(again.events, []);
  t.same(again.recordings.find(recording.id), repaired);
  await recordings.close(1000);
});

test('recordings end by their limits, and none begins without space', async (t) => {
  const { clock, recordings, directory } = setUp(t, { maxMs: 5000 });
  await recordings.open();
  const options = start();
  await recordings.start(options);
  clock.advance(4900);
  t.same(options.ends, []);
  clock.advance(300);
  t.same(options.ends, ['time']);
  const sooner = start({ maxMs: 1000 });
  await recordings.start(sooner);
  clock.advance(1000);
  t.same(sooner.ends, ['time']);
  await recordings.close(1000);

  const full = setUp(t, { minFreeBytes: Number.MAX_SAFE_INTEGER }, { directory });
  await full.recordings.open();
  await t.rejects(full.recordings.start(start()), { code: 'disk_full' });
  const large = setUp(t, { maxBytes: 1 }, { directory });
  await large.recordings.open();
  const others = large.recordings.list().flatMap(({ tracks }) => tracks);
  if (others.some(({ bytes }) => bytes > 0)) await t.rejects(large.recordings.start(start()), { code: 'disk_full' });
  else t.ok(await large.recordings.start(start()));
  await large.recordings.close(1000);
});

test('finished recordings are deleted when their time has come, and nothing else is', async (t) => {
  const { clock, recordings, directory, events } = setUp(t, { keepDays: 2 });
  await recordings.open();
  const old = await recordings.start(start());
  await recordings.stop(old.id);
  const strange = join(directory, '2026-01-01', '0123456789abcdef');
  mkdirSync(strange);
  writeFileSync(join(strange, 'notes.txt'), 'mine');
  clock.advance(1.5 * 86_400_000);
  await recordings.start(start());
  t.ok(recordings.find(old.id));
  // Each hour it looks at the disk, which takes some time on a busy machine.
  for (let turn = 0; turn < 3000 && !events.includes('deleted stopped'); turn++) {
    if (turn < 48) clock.advance(3_600_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.throws(() => recordings.find(old.id), { code: 'unknown_recording' });
  t.ok(events.includes('deleted stopped'));
  t.ok(existsSync(join(strange, 'notes.txt')));
  t.notOk(existsSync(join(directory, '2026-01-01', old.id)));
  await recordings.close(1000);
});

test('nobody is recorded who has not agreed, if they must', async (t) => {
  const { clock, recordings } = setUp(t, {}, { consent: 'required' });
  await recordings.open();
  const recording = await recordings.start(start({ consent: 'required', tracks: 'participants' }));
  recording.entered(ADA);
  await talk(clock, recording, 1);
  recording.agreed(ADA.id);
  await talk(clock, recording, 1);
  const { people, tracks } = await recordings.stop(recording.id);
  t.equal(people[0]!.agreedAt, '2026-01-01T00:00:01.000Z');
  t.ok(Math.abs(tracks[0]!.packets - 50) <= 1, `${tracks[0]!.packets} packets`);
});

test('a running recording cannot be deleted, and an unknown one not found', async (t) => {
  const { recordings } = setUp(t);
  await recordings.open();
  const { id } = await recordings.start(start());
  await t.rejects(recordings.delete(id), { code: 'recording_running' });
  await t.rejects(recordings.delete('../..'), { code: 'unknown_recording' });
  await recordings.close(1000);
  t.equal(recordings.find(id).reason, 'server_closing');
  await recordings.delete(id);
  t.same(recordings.list(), []);
});

test('a recording that cannot be deleted is still there, and the operator is told', async (t) => {
  const { recordings, directory, events } = setUp(t);
  await recordings.open();
  const { id } = await recordings.start(start());
  await recordings.stop(id);
  const folder = recordings.folderOf(id);
  // A link to somewhere else is not followed.
  renameSync(folder, join(directory, 'elsewhere'));
  symlinkSync(join(directory, 'elsewhere'), folder);
  await t.rejects(recordings.delete(id), { code: 'recording_failed' });
  t.ok(recordings.find(id));
  t.notOk(events.some((event) => event.startsWith('deleted')));
  t.ok(existsSync(join(directory, 'elsewhere')));
  await recordings.close(1000);
});

test('those who come after the five hundredth have no file, and everybody is in the manifest', async (t) => {
  const { clock, recordings } = setUp(t);
  await recordings.open();
  const recording = await recordings.start(start({ tracks: 'participants' }));
  for (let n = 0; n < 510; n++) recording.entered({ id: `${n}`, identity: null, name: `Person ${n}` });
  const packet = { stream: 1, timestamp: 0, payload: packets[0]!, levelDbov: -20 };
  recording.voice('505', { seatId: 1, arrivalMs: clock.now(), ...packet });
  clock.advance(2000);
  const { people, tracks } = await recordings.stop(recording.id);
  t.equal(people.length, 510);
  t.equal(tracks.length, 0);
});

test('a recording that should be elsewhere is not deleted before it is, and is sent after a restart', async (t) => {
  const DAY_MS = 86_400_000;
  const keys: string[] = [];
  let isUp = false;
  const bucket = {
    put: async (key: string) => {
      if (!isUp) throw new Error('it is down');
      keys.push(key);
    },
  };
  const first = setUp(t, { keepDays: 1 }, { bucket });
  await first.recordings.open();
  const recording = await first.recordings.start(start({ tracks: 'mix' }));
  t.match(first.recordings.find(recording.id).upload, { state: 'waiting', at: null, error: null });
  await talk(first.clock, recording, 2);
  await first.recordings.stop(recording.id);
  first.clock.advance(0);
  await eventually(() => first.recordings.find(recording.id).upload?.error === 'it is down');
  t.same(first.events, ['started', 'ended stopped', 'upload failed stopped']);
  t.same(first.recordings.figures.uploads, { waiting: 1, uploaded: 0, failures: 1 });
  await first.recordings.close(0);

  const { directory } = first;
  const later = setUp(t, { keepDays: 1 }, { directory, bucket });
  later.clock.advance(3 * DAY_MS);
  await later.recordings.open();
  t.match(later.recordings.find(recording.id), { upload: { state: 'waiting', error: 'it is down' } }, 'the only copy');
  isUp = true;
  later.clock.advance(10_000);
  await eventually(() => later.recordings.find(recording.id).upload?.state === 'uploaded');
  t.same(
    keys.map((key) => key.replace(`2026-01-01/${recording.id}/`, '')),
    ['mix.opus', 'events.jsonl', 'manifest.json'],
  );
  t.same(later.events, ['uploaded stopped']);
  const inFile = manifestSchema.parse(
    JSON.parse(readFileSync(join(directory, '2026-01-01', recording.id, 'manifest.json'), 'utf8')),
  );
  t.match(inFile.upload, { state: 'uploaded', error: null });
  later.clock.advance(3_600_000);
  await eventually(() => later.events.includes('deleted stopped'));
  await later.recordings.close(0);
  t.equal(later.clock.pendingTimers, 0);
});

test('a recording is not kept for a storage that is no longer set', async (t) => {
  const bucket = {
    put: async () => {
      throw new Error('it is down');
    },
  };
  const first = setUp(t, { keepDays: 1 }, { bucket });
  await first.recordings.open();
  const recording = await first.recordings.start(start({ tracks: 'mix' }));
  await talk(first.clock, recording, 2);
  await first.recordings.stop(recording.id);
  await first.recordings.close(0);
  const later = setUp(t, { keepDays: 1 }, { directory: first.directory });
  later.clock.advance(3 * 86_400_000);
  await later.recordings.open();
  t.same(later.events, ['deleted stopped']);
  await later.recordings.close(0);
});

test('a recording that another host still writes is left alone, until nothing has changed for two minutes', async (t) => {
  const first = setUp(t);
  await first.recordings.open();
  const recording = await first.recordings.start(start({ tracks: 'mix' }));
  await talk(first.clock, recording, 3);
  await eventually(() => existsSync(join(first.directory, '2026-01-01', recording.id, 'mix.opus')));
  // As it is on the disk of the other host.
  const second = setUp(t);
  const folder = join(second.directory, '2026-01-01', recording.id);
  cpSync(join(first.directory, '2026-01-01', recording.id), folder, { recursive: true });
  recording.stop('stopped');
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...manifest, writer: { host: 'another-container', pid: process.pid } }));
  const changedMs = statSync(path).mtimeMs;
  second.clock.epochMs = changedMs + 110_000;
  await second.recordings.open();
  t.same(second.recordings.list(), []);
  const before = statSync(join(folder, 'mix.opus'));
  t.equal(JSON.parse(readFileSync(path, 'utf8')).state, 'recording', 'it is as it was');
  second.clock.advance(3_600_000);
  await eventually(() => second.recordings.list().length === 1);
  t.match(second.recordings.list(), [{ id: recording.id, state: 'finished', reason: 'interrupted' }]);
  t.ok(statSync(join(folder, 'mix.opus')).size <= before.size);
  await second.recordings.close(0);
});

test('a disk that does not take the events keeps few of them in memory, and loses no sound', async (t) => {
  const { directory, clock, recordings } = setUp(t);
  await recordings.open();
  const { open } = RecordingFolder.prototype;
  t.teardown(() => {
    RecordingFolder.prototype.open = open;
  });
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  RecordingFolder.prototype.open = async function (name) {
    const file = await open.call(this, name);
    if (name !== 'events.jsonl') return file;
    const write = (bytes: Uint8Array, from: number, length: number, at: number) =>
      gate.then(() => file.write(bytes, from, length, at));
    return Object.assign(Object.create(file), {
      write,
      truncate: (length: number) => file.truncate(length),
      datasync: () => file.datasync(),
      close: () => file.close(),
    });
  };
  const recording = await recordings.start(start());
  const person = (n: number) => ({ id: `p${n}`, identity: null, name: 'x'.repeat(64) });
  for (let round = 0; round < 30; round++) {
    for (let n = 0; n < 2000; n++) {
      recording.entered(person(n));
      recording.left(`p${n}`);
    }
    await talk(clock, recording, 1);
  }
  release();
  const { tracks, durationMs } = await recordings.stop(recording.id);
  const { size } = statSync(join(directory, '2026-01-01', recording.id, 'events.jsonl'));
  // 60,000 stays take 12 MB.
  t.ok(size > 4_000_000 && size < 6_000_000, `${size} bytes of events`);
  const mix = tracks.find(({ kind }) => kind === 'mix');
  t.equal(mix?.dropped, 0);
  const bytes = readFileSync(join(directory, '2026-01-01', recording.id, 'mix.opus'));
  t.equal(decodeOgg(bytes).length, (durationMs ?? 0) * 48);
});

test('the archive of a recording that runs has what there is, and is whole while more is added', {
  skip: skipIfMissing(missingPackages(['unzip'])),
}, async (t) => {
  const { directory, clock, recordings } = setUp(t);
  await recordings.open();
  const recording = await recordings.start(start());
  recording.entered(ADA);
  await talk(clock, recording, 5);
  const { size = 0, open } = await new Library(recordings).archive(recording.id);
  await talk(clock, recording, 5);
  const bytes = await buffer(open(0, 0));
  t.equal(bytes.length, size);
  const path = join(directory, 'a.zip');
  writeFileSync(path, bytes);
  const tested = spawnSync('unzip', ['-t', path], { encoding: 'utf8' });
  t.equal(tested.status, 0, tested.stdout + tested.stderr);
  t.match(tested.stdout, /mix\.opus +OK/);
  await recordings.stop(recording.id);
});
