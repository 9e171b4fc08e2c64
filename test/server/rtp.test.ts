import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { startServer } from '../helpers/running-server.ts';

const run = promisify(execFile);
const ADMIN_TOKEN = 'an-admin-token-for-tests';
/** Far apart, and far from each other's harmonics. */
const ADA_HZ = 430;
const RADIO_HZ = 710;
const skip = skipIfMissing(missingPackages(['ffmpeg']));

async function setUp(t: Test, flags: readonly string[]) {
  const all = ['--levelling', 'off', '--admin-token', ADMIN_TOKEN, ...flags];
  const server = await startServer(all, { logLevel: 'error' });
  t.teardown(() => server.close());
  const options = { url: server.webSocketUrl, room: 'lobby', name: 'Ada', frequencyHz: ADA_HZ };
  const ada = await LightTalker.join(options);
  t.teardown(() => ada.close());
  return { server, ada, api: new ApiClient(server.url, ADMIN_TOKEN) };
}

/** A port that is free now, with the next one for RTCP. */
async function freePort(): Promise<number> {
  for (;;) {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    if (port % 2 === 0) return port;
  }
}

/** What a radio studio types. */
function send(t: Test, to: readonly string[]): ChildProcess {
  const tone = ['-re', '-f', 'lavfi', '-i', `sine=frequency=${RADIO_HZ}:sample_rate=48000`];
  const opus = ['-c:a', 'libopus', '-b:a', '64k', '-f', 'rtp'];
  const ffmpeg = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...tone, ...opus, ...to], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  t.teardown(() => ffmpeg.kill('SIGKILL'));
  return ffmpeg;
}

for (const key of [undefined, randomBytes(30).toString('base64')]) {
  const protocol = key === undefined ? 'rtp' : 'srtp';
  const suite = ['-srtp_out_suite', 'AES_CM_128_HMAC_SHA1_80', '-srtp_out_params', key ?? ''];
  const secret = key === undefined ? {} : { key };
  const workers = ['--workers', key === undefined ? '2' : '0'];

  test(`ffmpeg is heard in a room by ${protocol}`, { skip }, async (t) => {
    const { ada, api } = await setUp(t, ['--rtp-in', '127.0.0.1', ...workers]);
    const { status, body: input } = await api.post('/rooms/lobby/rtp/inputs', { name: 'Studio', ...secret });
    t.equal(status, 201);
    t.match(input, { name: 'Studio', address: '127.0.0.1', from: null, heard: false, encrypted: key !== undefined });
    t.notMatch(JSON.stringify(input), key ?? 'no key');
    const { participants } = (await api.get('/rooms/lobby/participants')).body;
    t.match(
      participants.find(({ id }: { id: string }) => id === input.participant),
      { name: 'Studio', via: 'rtp', mayModerate: false },
    );
    const address = `${protocol}://127.0.0.1:${input.port}`;
    const ffmpeg = send(t, [...(key === undefined ? [] : suite), address]);
    await ada.hears(RADIO_HZ);
    const { inputs } = (await api.get('/rooms/lobby/rtp')).body;
    t.match(inputs, [{ id: input.id, from: '127.0.0.1', heard: true, dropped: { otherSource: 0, unauthentic: 0 } }]);

    // Another program than the one that is heard.
    if (key !== undefined) {
      const other = randomBytes(30).toString('base64');
      ffmpeg.kill('SIGKILL');
      const dropped = async () => (await api.get('/rooms/lobby/rtp')).body.inputs[0].dropped.unauthentic > 10;
      send(t, ['-srtp_out_suite', 'AES_CM_128_HMAC_SHA1_80', '-srtp_out_params', other, address]);
      await eventually(dropped);
      t.ok((await ada.hearDbfs(RADIO_HZ)) < -50, 'nobody hears who has another key');
    }
    t.equal((await api.delete(`/rooms/lobby/rtp/${input.id}`)).status, 204);
    await eventually(async () => (await api.get('/rooms/lobby')).body.participants === 1);
    t.same((await api.get('/rooms/lobby/rtp')).body, { inputs: [], outputs: [] });
  });

  test(`ffmpeg records a room by ${protocol}, from its SDP`, { skip }, async (t) => {
    const port = await freePort();
    const { server, api } = await setUp(t, ['--rtp-targets', `127.0.0.1:${port}`, ...workers]);
    const target = `127.0.0.1:${port}`;
    t.match((await api.post('/rooms/lobby/rtp/inputs', {})).body, { code: 'rtp_off' });
    t.match((await api.post('/rooms/lobby/rtp/outputs', { target: '127.0.0.1:9' })).body, { code: 'forbidden_target' });
    const { status, body: output } = await api.post('/rooms/lobby/rtp/outputs', { target, ...secret });
    t.equal(status, 201);
    t.match(output, { target, state: 'connected', encrypted: key !== undefined });
    const answer = await fetch(`${server.url}/api/v1/rooms/lobby/rtp/${output.id}.sdp`, {
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    t.equal(answer.headers.get('content-type'), 'application/sdp');
    const directory = t.testdir();
    const file = join(directory, 'lobby.sdp');
    writeFileSync(file, await answer.text());
    await eventually(async () => {
      const from = ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'file,udp,rtp,srtp', '-i', file];
      const copy = join(directory, 'lobby.ogg');
      await run('ffmpeg', [...from, '-t', '1.5', '-c:a', 'copy', '-y', copy]);
      const decode = ['-loglevel', 'error', '-i', copy, '-ac', '1', '-ar', '48000', '-f', 's16le', '-'];
      const { stdout } = await run('ffmpeg', decode, { encoding: 'buffer', maxBuffer: 1_000_000 });
      const sound = new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
      const { usuallyDbfs } = heardTone(sound, ADA_HZ);
      return (sound.length >= 48_000 && usuallyDbfs > -13) || `${sound.length} samples at ${usuallyDbfs} dBFS`;
    });
    t.match((await api.get('/rooms/lobby/listeners')).body, { total: 1, listeners: [{ via: 'rtp' }] });
    t.equal((await api.delete(`/rooms/lobby/rtp/${output.id}`)).status, 204);
    t.match((await api.delete(`/rooms/lobby/rtp/${output.id}`)).body, { code: 'unknown_rtp' });
    t.match((await api.get('/rooms/lobby')).body, { listeners: 0 });
  });
}
