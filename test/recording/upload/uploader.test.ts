import pino from 'pino';
import { test } from 'tap';
import type { Manifest, ManifestUpload } from '../../../src/recording/manifest.ts';
import { manifestSchema } from '../../../src/recording/manifest.ts';
import type { Content } from '../../../src/recording/upload/s3-bucket.ts';
import { Uploader } from '../../../src/recording/upload/uploader.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const track = (file: string) => ({
  file,
  kind: 'mix',
  participantId: null,
  identity: null,
  name: null,
  bytes: 9,
  talkMs: null,
  driftPpm: null,
  packets: 0,
  concealedMs: 0,
  leftOut: 0,
  dropped: 0,
});
const manifestOf = (id: string): Manifest =>
  manifestSchema.parse({
    version: 1,
    id,
    room: 'Lobby',
    title: '',
    state: 'finished',
    startedAt: '2026-01-01T10:00:00Z',
    endedAt: '2026-01-01T11:00:00Z',
    reason: 'stopped',
    durationMs: 3_600_000,
    consent: 'notice',
    startedBy: { by: 'api', identity: null, name: null },
    people: [],
    writer: { host: 'h', pid: 1 },
    tracks: [track('mix.opus'), track('01-Ada.opus')],
    upload: { state: 'waiting', at: null, error: null },
  });

function setUp(ids: readonly string[]) {
  const clock = new FakeClock();
  const manifests = new Map(ids.map((id) => [id, manifestOf(id)]));
  const puts: [key: string, content: Content][] = [];
  const events: string[] = [];
  let problem: Error | string | undefined;
  let hold: Promise<void> | undefined;
  const uploader = new Uploader({
    bucket: {
      put: async (key, content, signal) => {
        puts.push([key, content]);
        if (hold !== undefined)
          await Promise.race([
            hold,
            new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
          ]);
        if (problem !== undefined) throw typeof problem === 'string' ? new Error(problem) : problem;
      },
    },
    source: {
      manifest: (id) => manifests.get(id),
      file: async (id, name) => (name === '01-Ada.opus' ? undefined : { path: `/${id}/${name}`, size: 9 }),
      setUpload: async (id, upload: ManifestUpload) => {
        const manifest = manifests.get(id);
        if (manifest !== undefined) manifests.set(id, { ...manifest, upload });
      },
    },
    events: {
      uploaded: ({ id, upload }) => events.push(`${id} ${upload?.state}`),
      failed: ({ id, upload }) => events.push(`${id} failed: ${upload?.error}`),
    },
    clock,
    log: pino({ level: 'silent' }),
  });
  const settle = async () => {
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  };
  return {
    clock,
    manifests,
    puts,
    events,
    uploader,
    settle,
    fail: (why: Error | string | undefined) => {
      problem = why;
    },
    holdBack: (until: Promise<void>) => {
      hold = until;
    },
  };
}

test('a recording is sent file by file, with its manifest last, which says that it is there', async (t) => {
  const { clock, puts, events, uploader, manifests, settle } = setUp(['a', 'b']);
  uploader.add('a');
  uploader.add('b');
  uploader.add('a');
  t.same(uploader.figures, { waiting: 2, uploaded: 0, failures: 0 });
  clock.advance(0);
  await settle();
  clock.advance(0);
  await settle();
  t.same(
    puts.map(([key]) => key),
    ['a', 'b'].flatMap((id) => ['mix.opus', 'events.jsonl', 'manifest.json'].map((name) => `2026-01-01/${id}/${name}`)),
    'one after the other, without the file that does not exist',
  );
  const content = puts[2]?.[1];
  const sent = manifestSchema.parse(
    JSON.parse(String(content && 'bytes' in content ? Buffer.from(content.bytes) : '')),
  );
  t.match(sent.upload, { state: 'uploaded', at: '2026-01-01T00:00:00.000Z' });
  t.same(events, ['a uploaded', 'b uploaded']);
  t.match(manifests.get('a')?.upload, { state: 'uploaded', error: null });
  t.same(uploader.figures, { waiting: 0, uploaded: 2, failures: 0 });
  t.equal(clock.pendingTimers, 0);
});

test('what fails is tried again, later and later, reported once, and keeps nobody waiting', async (t) => {
  const { clock, puts, events, uploader, manifests, settle, fail } = setUp(['a', 'b']);
  fail('503');
  uploader.add('a');
  for (const [index, seconds] of [10, 30, 60, 120, 300, 600, 1800, 3600, 3600].entries()) {
    clock.advance(0);
    await settle();
    t.equal(uploader.figures.failures, index + 1);
    clock.advance(seconds * 1000 - 1);
    await settle();
    t.equal(uploader.figures.failures, index + 1);
    clock.advance(1);
  }
  await settle();
  t.same(events, ['a failed: 503']);
  t.match(manifests.get('a')?.upload, { state: 'waiting', at: null, error: '503' });
  fail(undefined);
  uploader.add('b');
  clock.advance(0);
  await settle();
  t.same(events, ['a failed: 503', 'b uploaded']);
  manifests.delete('a');
  const before = puts.length;
  clock.advance(3_600_000);
  await settle();
  t.equal(uploader.figures.waiting, 0, 'it has been deleted');
  t.equal(puts.length, before);
});

test('nobody but the log is told where the files are', async (t) => {
  const { clock, events, uploader, settle, fail } = setUp(['a']);
  const path = '/srv/recordings/mix.opus';
  fail(Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: 'EACCES', path }));
  uploader.add('a');
  clock.advance(0);
  await settle();
  t.same(events, ['a failed: a file of the recording cannot be used (EACCES)']);
  await uploader.close();
});

test('the end of the server interrupts an upload, which counts as nothing', async (t) => {
  const { clock, puts, events, uploader, manifests, holdBack } = setUp(['a']);
  holdBack(new Promise(() => {}));
  uploader.add('a');
  clock.advance(0);
  await eventually(() => puts.length === 1);
  await uploader.close();
  t.same(events, []);
  t.match(manifests.get('a')?.upload, { state: 'waiting', error: null });
  uploader.add('a');
  t.equal(clock.pendingTimers, 0);
});
