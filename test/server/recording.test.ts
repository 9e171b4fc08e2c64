/** Rooms of a whole server are recorded, and the files are what was said. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { CpuWait } from '../helpers/cpu-time.ts';
import { crashWorker } from '../helpers/crash-worker.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { decodeOgg, readOgg } from '../helpers/ogg.ts';
import { startServer } from '../helpers/running-server.ts';
import { S3_KEY, startS3 } from '../helpers/s3.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { startWebhookReceiver } from '../helpers/webhook-receiver.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const ROOM = 'lobby';
const SAMPLES_PER_MS = 48;
const ADA_HZ = 500;
const BEN_HZ = 1240;
const AUDIBLE_DBFS = -35;
const FLAGS = ['--admin-token', TOKEN, '--recording-min-free', '0'];

const threads: Worker[] = [];
process.on('worker', (worker) => threads.push(worker));

function directory(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'partyline-recording-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The only recording in a directory. */
function recordingIn(path: string) {
  const [day = ''] = readdirSync(path).filter((name) => name.startsWith('20'));
  const [id = ''] = readdirSync(join(path, day));
  const folder = join(path, day, id);
  const read = (name: string) => readFileSync(join(folder, name));
  return { id, folder, read, manifest: () => JSON.parse(read('manifest.json').toString()) };
}

/** For a tenth of the time at least: a machine that stands still makes gaps. */
function isHeard(pcm: Int16Array, frequencyHz: number): boolean {
  return heardTone(pcm, frequencyHz).atMostDbfs > AUDIBLE_DBFS;
}

async function talkers(t: Test, url: string) {
  const join = (name: string, frequencyHz: number) => LightTalker.join({ url, room: ROOM, name, frequencyHz });
  const [ada, ben] = await Promise.all([join('Ada', ADA_HZ), join('Ben', BEN_HZ)]);
  t.teardown(() => {
    ada.close();
    ben.close();
  });
  await ada.hears(BEN_HZ);
  await ben.hears(ADA_HZ);
  return { ada, ben };
}

test('a conversation is recorded, and downloaded', async (t) => {
  const path = directory(t);
  const webhooks = await startWebhookReceiver(WEBHOOK_SECRET);
  t.teardown(() => webhooks.close());
  const hooks = ['--webhook-urls', webhooks.url, '--webhook-secret', WEBHOOK_SECRET];
  const server = await startServer([...FLAGS, '--token-secret', SECRET, '--recording-dir', path, ...hooks], {
    logLevel: 'error',
  });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  const download = (what: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${server.url}/api/v1${what}`, { method, headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
  const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
  await talkers(t, server.webSocketUrl);
  const listener = await SignalingClient.open(server.webSocketUrl);
  t.teardown(() => listener.socket.terminate());
  t.notOk('recording' in (await listener.join(ROOM, 'Cleo')));

  const started = await api.post(`/rooms/${ROOM}/recordings`, { title: 'Weekly' });
  t.match(started.body, { room: ROOM, title: 'Weekly', state: 'recording', startedBy: { by: 'api' } });
  const { id } = started.body;
  t.match(await listener.skipTo('recording'), { recording: { tracks: 'both' } });
  const late = await SignalingClient.open(server.webSocketUrl);
  t.match((await late.join(ROOM, 'Late')).recording, { tracks: 'both' });
  late.socket.terminate();
  t.match((await api.get(`/rooms/${ROOM}`)).body, { recording: 'allowed', recordingId: id });
  t.match((await api.post(`/rooms/${ROOM}/recordings`)).body, { code: 'recording_running' });
  t.match((await api.delete(`/recordings/${id}`)).body, { code: 'recording_running' });
  await sleep(2500);
  // What there is can be heard while it grows.
  t.ok((await bytesOf(await download(`/recordings/${id}/files/mix.opus`))).length > 1000);
  const stopped = await api.post(`/recordings/${id}/stop`);
  t.match(stopped.body, { state: 'finished', reason: 'stopped' });
  t.match(await listener.skipTo('recording'), { recording: null, reason: 'stopped' });
  t.match((await api.post(`/recordings/${id}/stop`)).body, { state: 'finished' }, 'it stays as it is');

  await t.test('each file has what was said, and all are equally long', async (t) => {
    const files = stopped.body.tracks.map(({ file }: { file: string }) => file).sort();
    t.same(files, ['01-Ada.opus', '02-Ben.opus', 'mix.opus']);
    for (const file of files) {
      const pcm = decodeOgg(await bytesOf(await download(`/recordings/${id}/files/${file}`)));
      t.equal(pcm.length, stopped.body.durationMs * SAMPLES_PER_MS, file);
      const middle = pcm.subarray(pcm.length / 4, (3 * pcm.length) / 4);
      t.same([isHeard(middle, ADA_HZ), isHeard(middle, BEN_HZ)], [!file.includes('Ben'), !file.includes('Ada')], file);
    }
  });

  await t.test('parts of a file', async (t) => {
    const whole = await bytesOf(await download(`/recordings/${id}/files/mix.opus`));
    const part = async (range: string) => {
      const response = await download(`/recordings/${id}/files/mix.opus`, { range });
      return { status: response.status, headers: response.headers, bytes: await bytesOf(response) };
    };
    const first = await part('bytes=10-99');
    t.equal(first.status, 206);
    t.equal(first.headers.get('content-range'), `bytes 10-99/${whole.length}`);
    t.ok(first.bytes.equals(whole.subarray(10, 100)));
    t.ok((await part('bytes=-50')).bytes.equals(whole.subarray(-50)));
    t.ok((await part(`bytes=100-${whole.length + 500}`)).bytes.equals(whole.subarray(100)));
    t.equal((await part(`bytes=${whole.length}-`)).status, 416);
    t.equal((await part('bytes=5-2')).status, 416);
    t.equal((await part('bytes=0-1,4-5')).status, 200);
    const head = await download(`/recordings/${id}/files/mix.opus`, {}, 'HEAD');
    t.equal(head.headers.get('content-length'), String(whole.length));
    t.equal(head.headers.get('accept-ranges'), 'bytes');
    t.equal(head.headers.get('content-type'), 'audio/ogg');
  });

  await t.test('nothing else is found', async (t) => {
    for (const file of ['..%2f..%2fx', '..%2fmanifest.json', '%2e%2e', 'nothing.opus', '.reserve', 'manifest.json.new'])
      t.equal((await download(`/recordings/${id}/files/${file}`)).status, 404, file);
    for (const other of ['0000000000000000', '..', '%2e%2e%2f'])
      t.equal((await download(`/recordings/${other}/files/mix.opus`)).status, 404, other);
    t.match((await api.get('/recordings/0000000000000000')).body, { code: 'unknown_recording' });
  });

  await t.test('a link needs no token, and nothing in it can be changed', async (t) => {
    const { body } = await api.post(`/recordings/${id}/links`, { file: '01-Ada.opus', expiresInSeconds: 60 });
    const get = (link: string) => fetch(`${server.url}${link}`);
    const response = await get(body.path);
    t.equal(response.status, 200);
    t.ok(readOgg(await bytesOf(response)).isEnded);
    const changes = [
      body.path.replace('01-Ada', '02-Ben'),
      body.path.replace(/expires=\d+/, 'expires=99999999999999'),
      body.path.replace('format=opus', 'format=wav'),
      body.path.replace(/signature=./, 'signature='),
      body.path.replace('/files/01-Ada.opus', ''),
    ];
    for (const changed of changes) t.equal((await get(changed)).status, 401, changed);
    t.equal((await fetch(`${server.url}${body.path}`, { method: 'DELETE' })).status, 401);
    const archive = await api.post(`/recordings/${id}/links`, {});
    t.equal((await get(archive.body.path)).status, 200);
    t.match((await api.post(`/recordings/${id}/links`, { file: 'x' })).body, { code: 'unknown_file' });
  });

  await t.test('all files in an archive', { skip: skipIfMissing(missingPackages(['unzip'])) }, async (t) => {
    const response = await download(`/recordings/${id}/archive`);
    const bytes = await bytesOf(response);
    t.equal(response.headers.get('content-length'), String(bytes.length));
    const file = join(path, 'archive.zip');
    writeFileSync(file, bytes);
    const listed = spawnSync('unzip', ['-Z1', file], { encoding: 'utf8' }).stdout.trim().split('\n');
    const names = ['manifest.json', 'events.jsonl', 'mix.opus', '01-Ada.opus', '02-Ben.opus', 'tracks.lof'];
    t.same(
      listed,
      names.map((name) => `${id}/${name}`),
    );
    t.equal(spawnSync('unzip', ['-t', file]).status, 0);
    const stored = spawnSync('unzip', ['-p', file, `${id}/01-Ada.opus`]).stdout;
    t.ok(stored.equals(recordingIn(path).read('01-Ada.opus')));
  });

  await t.test('other formats', { skip: skipIfMissing(missingPackages(['ffmpeg'])) }, async (t) => {
    const flac = await bytesOf(await download(`/recordings/${id}/files/01-Ada.opus?format=flac`));
    t.equal(flac.toString('latin1', 0, 4), 'fLaC');
    const wav = await bytesOf(await download(`/recordings/${id}/files/mix.opus?format=wav`));
    t.equal(wav.toString('latin1', 0, 4), 'RIFF');
    t.ok(Math.abs(wav.length - 2 * stopped.body.durationMs * SAMPLES_PER_MS) < 1000, `${wav.length} bytes`);
  });

  await t.test('webhooks tell of it', async (t) => {
    t.equal((await api.delete(`/recordings/${id}`)).status, 204);
    const told = () => webhooks.received.map(({ event }) => event).filter(({ type }) => type.startsWith('recording.'));
    await eventually(() => told().length === 3 || `${told().length} webhooks`);
    t.match(told(), [
      { type: 'recording.started', data: { recording: { id, state: 'recording' } } },
      { type: 'recording.ended', data: { recording: { id, reason: 'stopped', tracks: [{}, {}, {}] } } },
      { type: 'recording.deleted', data: { recording: { id } } },
    ]);
    t.match((await api.get('/recordings')).body, { recordings: [], total: 0 });
    const metrics = await server.metrics();
    t.equal(metrics.sum('partyline_recordings_running'), 0);
    t.ok(metrics.sum('partyline_recording_bytes_total') > 1000);
  });
});

test('only people with the right can record, by the WebSocket', async (t) => {
  const path = directory(t);
  const server = await startServer([...FLAGS, '--token-secret', SECRET, '--recording-dir', path], {
    logLevel: 'error',
  });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  const joinAs = async (identity: string, mayRecord: boolean) => {
    const { token } = (await api.post('/tokens', { room: ROOM, identity, mayRecord, mayModerate: true })).body;
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room: ROOM, name: identity, token });
    return { client, joined: await client.skipTo('joined') };
  };
  const other = await joinAs('moderator', false);
  t.notOk('mayRecord' in other.joined);
  other.client.send({ type: 'record', on: true, requestId: 1 });
  t.match(await other.client.skipTo('error'), { code: 'not_allowed', requestId: 1 });
  const control = (await api.post('/control-tokens', { room: ROOM })).body.token;
  for (const token of ['', 'a-wrong-token-of-32-characters..', control])
    t.equal((await api.post(`/rooms/${ROOM}/recordings`, {}, { token })).status, 401, 'nor by the API');
  const { client, joined } = await joinAs('recorder', true);
  t.equal(joined.mayRecord, true);
  client.send({ type: 'record', on: true, tracks: 'participants', requestId: 2 });
  t.match(await client.skipTo('done'), { requestId: 2 });
  t.match(await other.client.skipTo('recording'), { recording: { tracks: 'participants' } });
  other.client.send({ type: 'record', on: false, requestId: 3 });
  t.match(await other.client.skipTo('error'), { code: 'not_allowed', requestId: 3 });
  client.send({ type: 'record', on: false });
  t.match(await other.client.skipTo('recording'), { recording: null, reason: 'stopped' });
  const { body } = await api.get('/recordings');
  t.match(body.recordings, [{ startedBy: { by: 'participant', identity: 'recorder' } }]);
});

test('a recording goes on when a media worker dies', async (t) => {
  const path = directory(t);
  const server = await startServer([...FLAGS, '--recording-dir', path, '--workers', '1'], { logLevel: 'silent' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  await talkers(t, server.webSocketUrl);
  const { id } = (await api.post(`/rooms/${ROOM}/recordings`)).body;
  await sleep(1000);
  await crashWorker(threads.at(-1)!);
  await sleep(1000);
  const url = server.webSocketUrl;
  const cleo = await LightTalker.join({ url, room: ROOM, name: 'Cleo', frequencyHz: 1730 });
  t.teardown(() => cleo.close());
  await sleep(1500);
  const { body } = await api.post(`/recordings/${id}/stop`);
  const { read } = recordingIn(path);
  for (const { file } of body.tracks) {
    const pcm = decodeOgg(read(file));
    t.equal(pcm.length, body.durationMs * SAMPLES_PER_MS, file);
    const [first, last] = [pcm.subarray(0, 36_000), pcm.subarray(-36_000)];
    const isCleo = file.includes('Cleo');
    t.equal(isHeard(first, ADA_HZ) || isHeard(first, BEN_HZ), !isCleo, `${file}: before`);
    t.equal(isHeard(last, 1730), isCleo || file === 'mix.opus', `${file}: afterwards`);
  }
  t.equal(body.tracks.length, 4);
});

test('a server that is killed loses two seconds at most, and one that is ended nothing', async (t) => {
  const path = directory(t);
  const flags = [...FLAGS, '--recording-dir', path, '--recording', 'always', '--media-host', '127.0.0.1'];
  const first = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => first.kill());
  await talkers(t, `${first.url.replace('http', 'ws')}ws`);
  await sleep(2000);
  // Not from the beginning: what came before has been written.
  const cpuWait = new CpuWait([...new Set([process.pid, first.pid])]);
  await sleep(2000);
  const { id, read, manifest } = recordingIn(path);
  t.equal(manifest().state, 'recording');
  const startedMs = Date.parse(manifest().startedAt);
  const killedMs = Date.now();
  const waitMs = cpuWait.ms;
  await first.kill();

  const second = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => second.kill());
  t.match(manifest(), { id, state: 'finished', reason: 'interrupted' });
  t.equal(manifest().tracks.length, 3);
  for (const { file } of manifest().tracks) {
    const bytes = read(file);
    const { isEnded, skipped } = readOgg(bytes);
    t.ok(isEnded && skipped === 0, file);
    const missingMs = killedMs - startedMs - decodeOgg(bytes).length / SAMPLES_PER_MS;
    // A second in which packets wait, a page, and the steps in which they are posted and written.
    t.ok(missingMs < 2300 + waitMs, `${file}: ${Math.round(missingMs)} ms are missing`);
  }
  const api = new ApiClient(second.url.replace(/\/$/, ''), TOKEN);
  t.match((await api.get(`/recordings/${id}`)).body, { reason: 'interrupted' });
  await api.delete(`/recordings/${id}`);

  await talkers(t, `${second.url.replace('http', 'ws')}ws`);
  await sleep(1500);
  t.equal(await second.stop(), 0);
  const closed = recordingIn(path);
  t.match(closed.manifest(), { state: 'finished', reason: 'server_closing' });
  for (const { file } of closed.manifest().tracks)
    t.equal(decodeOgg(closed.read(file)).length, closed.manifest().durationMs * SAMPLES_PER_MS, file);
});

const MOUNTS = skipIfMissing(process.getuid?.() === 0 ? missingPackages(['util-linux']) : 'only root may mount');

test('a full disk ends a recording, and nothing else', { skip: MOUNTS }, async (t) => {
  const path = directory(t);
  const disk = join(path, 'disk');
  mkdirSync(disk);
  // Room for a second or two.
  const mount = `mount -t tmpfs -o size=1m tmpfs ${disk} && head -c 930k /dev/zero > ${disk}/filler && exec "$@"`;
  const server = await startServerProcess(
    BUILT_SERVER,
    [...FLAGS, '--recording-dir', disk, '--media-host', '127.0.0.1'],
    ['unshare', '--mount', 'sh', '-c', mount, 'sh'],
  );
  t.teardown(() => server.kill());
  const url = `${server.url.replace('http', 'ws')}ws`;
  const { ada, ben } = await talkers(t, url);
  const listener = await SignalingClient.open(url);
  t.teardown(() => listener.socket.terminate());
  await listener.join(ROOM, 'Cleo');
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  t.equal((await api.post(`/rooms/${ROOM}/recordings`)).status, 201);
  await listener.skipTo('recording');
  t.match(await listener.skipTo('recording'), { recording: null, reason: 'disk_full' });
  const seen = recordingIn(join('/proc', String(server.pid), 'root', disk));
  await eventually(() => seen.manifest().state === 'finished' || 'the manifest is not written');
  t.match(seen.manifest(), { reason: 'disk_full' });
  for (const { file, bytes } of seen.manifest().tracks) {
    const content = seen.read(file);
    t.equal(content.length, bytes, file);
    const { isEnded, skipped } = readOgg(content);
    t.ok(isEnded && skipped === 0, file);
  }
  await ada.hears(BEN_HZ);
  await ben.hears(ADA_HZ);
  t.ok((await server.metrics()).sum('partyline_recording_write_errors_total') > 0);
});

test('a recording is copied to a storage, as soon as that is there', async (t) => {
  const path = directory(t);
  const s3 = await startS3(t);
  await s3.close();
  const webhooks = await startWebhookReceiver(WEBHOOK_SECRET);
  t.teardown(() => webhooks.close());
  const hooks = ['--webhook-urls', webhooks.url, '--webhook-secret', WEBHOOK_SECRET];
  const { keyId, secret } = S3_KEY;
  const storage = ['--recording-s3-url', s3.url, '--recording-s3-key-id', keyId, '--recording-s3-secret', secret];
  const server = await startServer([...FLAGS, '--recording-dir', path, ...hooks, ...storage], { logLevel: 'error' });
  t.teardown(() => server.close());
  await talkers(t, server.webSocketUrl);
  const api = new ApiClient(server.url, TOKEN);
  const { id } = (await api.post(`/rooms/${ROOM}/recordings`, { tracks: 'both' })).body;
  await sleep(1500);
  await api.post(`/recordings/${id}/stop`);
  const uploadOf = async () => (await api.get(`/recordings/${id}`)).body.upload;
  await eventually(async () => (await uploadOf()).error !== null);
  t.match(await uploadOf(), { state: 'waiting', error: /cannot be reached/ });
  t.equal((await server.metrics()).sum('partyline_recordings_waiting_for_upload'), 1);
  await startS3(t, s3.port);
  await eventually(async () => (await uploadOf()).state === 'uploaded');
  t.equal((await server.metrics()).sum('partyline_recordings_uploaded_total'), 1);
  const told = () => webhooks.received.map(({ event }) => event.type);
  await eventually(() => told().includes('recording.uploaded') || told().join());
  t.ok(told().includes('recording.upload_failed'));
  t.match(recordingIn(path).manifest().upload, { state: 'uploaded' });
  const second = (await api.post(`/rooms/${ROOM}/recordings`, { tracks: 'mix' })).body.id;
  const idsIn = async (order: string) => {
    const { body } = await api.get(`/recordings?order=${order}&limit=1`);
    t.equal(body.total, 2);
    t.match(body.disk, { maxBytes: 0, minFreeBytes: 0 });
    t.ok(body.disk.bytes > 0 && body.disk.freeBytes > 0);
    return body.recordings.map((recording: { id: string }) => recording.id);
  };
  t.same([await idsIn('oldest'), await idsIn('newest')], [[id], [second]]);
});
