import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { SOURCE_PASSWORD, startIcecast } from '../helpers/icecast.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { startServer } from '../helpers/running-server.ts';

const run = promisify(execFile);
const ADMIN_TOKEN = 'an-admin-token-for-tests';
const TONE_HZ = 430;

test('a room is sent to Icecast, whose listeners hear it, also after Icecast was killed', {
  skip: skipIfMissing(missingPackages(['ffmpeg', 'icecast2'])),
}, async (t) => {
  let icecast = await startIcecast();
  const { port } = icecast;
  t.teardown(() => icecast.close());
  const target = `127.0.0.1:${port}`;
  const flags = ['--forward-targets', target, '--levelling', 'off', '--admin-token', ADMIN_TOKEN];
  const server = await startServer(flags, { logLevel: 'error' });
  t.teardown(() => server.close());
  const url = server.webSocketUrl;
  const person = await LightTalker.join({ url, room: 'lobby', name: 'Ada', frequencyHz: TONE_HZ });
  t.teardown(() => person.close());
  const api = new ApiClient(server.url, ADMIN_TOKEN);
  const wanted = { kind: 'icecast', url: `http://${target}/lobby.opus`, name: 'Zoë’s lobby' };

  const wrong = (await api.post('/rooms/lobby/forwards', { ...wanted, password: 'guessed' })).body;
  const stateOf = async (id: string) => (await api.get(`/rooms/lobby/forwards/${id}`)).body;
  await eventually(async () => (await stateOf(wrong.id)).state === 'failed');
  t.match(await stateOf(wrong.id), { error: { code: 'wrong_password' }, failures: 1 });
  t.notMatch(JSON.stringify(await stateOf(wrong.id)), /guessed/);
  t.equal((await api.delete(`/rooms/lobby/forwards/${wrong.id}`)).status, 204);

  const { id } = (await api.post('/rooms/lobby/forwards', { ...wanted, password: SOURCE_PASSWORD })).body;
  const isSent = () => eventually(async () => (await icecast.source()) !== undefined || 'Icecast has no source');
  const isHeard = () =>
    eventually(async () => {
      const from = ['-hide_banner', '-loglevel', 'error', '-t', '1', '-i', `http://${target}/lobby.opus`];
      const to = ['-ac', '1', '-ar', '48000', '-f', 's16le', '-'];
      const { stdout } = await run('ffmpeg', [...from, ...to], { encoding: 'buffer', maxBuffer: 1_000_000 }).catch(
        () => ({ stdout: Buffer.alloc(0) }),
      );
      const sound = new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
      return (sound.length > 40_000 && heardTone(sound, TONE_HZ).usuallyDbfs > -14) || `${sound.length} samples`;
    });
  await eventually(async () => (await icecast.source())?.['subtype'] === 'Opus' || 'Icecast knows no Opus');
  t.match(await icecast.source(), { subtype: 'Opus', server_name: 'Zoë’s lobby', server_type: 'application/ogg' });
  await isHeard();
  t.match(await stateOf(id), { state: 'connected', error: null });
  t.equal((await api.get('/rooms/lobby')).body.listeners, 1, 'the room is told');
  t.equal((await server.metrics()).sum('partyline_forwards_connected'), 1);

  await icecast.close();
  await eventually(async () => (await stateOf(id)).state !== 'connected');
  icecast = await startIcecast(port);
  const startedMs = performance.now();
  await isSent();
  t.ok(performance.now() - startedMs < 10_000, 'it does not wait for a minute');
  await isHeard();
  await api.delete(`/rooms/lobby/forwards/${id}`);
  await eventually(async () => (await icecast.source()) === undefined);
  t.equal((await api.get('/rooms/lobby')).body.listeners, 0);
});
