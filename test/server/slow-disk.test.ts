import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { decodeOgg } from '../helpers/ogg.ts';
import { startServer } from '../helpers/running-server.ts';
import { slowFolder } from '../helpers/slow-folder.ts';

const ADMIN_TOKEN = 'an-admin-token-for-tests';
const SAMPLES_PER_MS = 48;
const TONES_HZ = [430, 710] as const;

test('a disk that takes 0.4 s for each write disturbs no conversation, and the recording is whole', {
  skip: skipIfMissing(missingPackages(['fuse3', 'python3-fusepy'])),
}, async (t) => {
  const { path, real } = await slowFolder(t, 0.4);
  const flags = [
    '--levelling',
    'off',
    '--admin-token',
    ADMIN_TOKEN,
    '--recording-dir',
    path,
    '--recording-min-free',
    '0',
  ];
  const server = await startServer(flags, { logLevel: 'error' });
  t.teardown(() => server.close());
  const talkers = await Promise.all(
    TONES_HZ.map((frequencyHz) =>
      LightTalker.join({ url: server.webSocketUrl, room: 'lobby', name: `${frequencyHz}`, frequencyHz }),
    ),
  );
  t.teardown(() => {
    for (const talker of talkers) talker.close();
  });
  const [ada, ben] = talkers as [LightTalker, LightTalker];
  await ada.hears(TONES_HZ[1]);
  const api = new ApiClient(server.url, ADMIN_TOKEN);
  const { id } = (await api.post('/rooms/lobby/recordings', { tracks: 'both' })).body;
  const before = await server.metrics();
  await sleep(5000);
  await t.resolves(ada.hears(TONES_HZ[1]));
  await t.resolves(ben.hears(TONES_HZ[0]));
  const askedMs = performance.now();
  await api.get('/rooms');
  t.ok(performance.now() - askedMs < 5000, 'the API answers meanwhile');
  const after = await server.metrics();
  t.equal(after.sum('partyline_event_loop_stalls_total'), before.sum('partyline_event_loop_stalls_total'));
  const stopped = (await api.post(`/recordings/${id}/stop`)).body;
  t.match(stopped, { state: 'finished', reason: 'stopped' });
  const [day = ''] = readdirSync(real);
  const folder = join(real, day, id);
  await eventually(() => readdirSync(folder).length === 5 || readdirSync(folder).join());
  for (const { file, dropped } of stopped.tracks) {
    t.equal(dropped, 0, 'what waits in memory is far from its limit');
    t.equal(decodeOgg(readFileSync(join(folder, file))).length, stopped.durationMs * SAMPLES_PER_MS, file);
  }
});
