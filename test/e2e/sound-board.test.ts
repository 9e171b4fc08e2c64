import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { isFineAt } from '../helpers/looks.ts';
import { HEARD_DBFS } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { oggOf, tonePackets } from '../helpers/sound-file.ts';
import { untilGood } from '../helpers/until-good.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TONE_HZ = 1810;
const LISTEN_S = 0.6;

test('who may plays a sound to everybody from the page', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const sounds = t.testdir();
  await writeFile(join(sounds, 'A long tone.opus'), oggOf(tonePackets(TONE_HZ, 3000)));
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--player-dir', sounds],
    ...['--token-secret', 'a secret that is long enough to sign with'],
  ]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const microphone = { kind: 'tone', frequencyHz: 300, gain: 0 } as const;
  const { token } = (await api.post('/tokens', { room: 'hall', identity: 'dj', name: 'Dee', mayPlaySounds: true }))
    .body;
  const dj = await chromium.open(`${server.url}room/hall#token=${token}`, { microphone });
  await dj.click('join');
  await dj.waitFor('sound-board');
  const guest = await chromium.open(`${server.url}room/hall`, { microphone });
  await guest.join({ name: 'Ada' });
  await guest.waitFor('mute');
  t.equal(await guest.page.$('[data-testid="sound-board"]'), null);
  const board = '[data-testid="sound-board"]';
  t.equal(await dj.page.$eval(`${board} button`, (button) => button.textContent), 'A long tone');
  const level = async () => heardTone((await guest.recordStereo(LISTEN_S))[0], TONE_HZ).usuallyDbfs;
  await dj.page.click(`${board} button`);
  const heard = await untilGood(level, (dbfs) => dbfs > HEARD_DBFS);
  t.ok(heard > HEARD_DBFS, `${heard} dBFS`);
  await isFineAt(t, dj, 'sound-board');
  await dj.click('stop-sounds');
  const after = await untilGood(level, (dbfs) => dbfs < -50);
  t.ok(after < -50, `${after} dBFS`);
  t.same([...dj.errors, ...guest.errors], []);
});
