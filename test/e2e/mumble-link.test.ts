import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { startExample } from '../helpers/example-process.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { LinkedGame, missingForLinkedGame } from '../helpers/linked-game.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const BEN_HZ = 820;
/** Only a limit for what does not happen at all. */
const WAIT_MS = 60_000;
/** Between the ears, for a voice at the side. */
const SIDE_DB = 5;

test('a game that speaks Mumble Link places its player and turns the ears, until it pauses', {
  skip: skipIfMissing(missingForBrowsers ?? missingForLinkedGame),
}, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--allow-origins', '*', '--levelling', 'off'];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  await api.post('/rooms', { name: 'world' });
  const url = `${server.url.replace('http', 'ws')}ws`;
  const ben = await LightTalker.join({ url, room: 'world', name: 'Ben', frequencyHz: BEN_HZ });
  t.teardown(() => ben.close());
  const [{ id }] = (await api.get('/rooms/world/participants')).body.participants;
  const rules = { axes: 'unity', positions: 'client' };
  await api.post('/rooms/world/space', { rules, positions: [[id, 10, 0, 5]] });

  const game = LinkedGame.start(t.testdir());
  t.teardown(() => game.quit());
  const helperFlags = ['--server', server.url, '--room', 'world', '--memory', game.path];
  const helper = await startExample('mumble-link', { flags: helperFlags });
  t.teardown(() => helper.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const microphone = { kind: 'tone', frequencyHz: 440, gain: 0.1 } as const;
  const ada = await chromium.open(helper.url, { microphone });
  const says = (what: string, text: string) =>
    ada.page.waitForFunction(`document.getElementById('${what}').textContent.includes('${text}')`, {
      timeout: WAIT_MS,
    });
  await says('game', 'No game reports');
  await ada.page.type('#name', 'Ada');
  await ada.clickOn('#entry button');
  await says('voice', 'You can talk');

  /** How much louder Ben is on the right. */
  const rightDb = async () => {
    const [left, right] = await ada.recordStereo(0.6);
    return heardTone(right, BEN_HZ).usuallyDbfs - heardTone(left, BEN_HZ).usuallyDbfs;
  };
  await game.draw({ at: [7, 0, 5], front: [0, 1] });
  await says('game', 'paused');
  await game.draw({ at: [7, 0, 5], front: [0, 1] });
  await says('game', 'Others hear you from where you are.');
  const onTheRight = await untilGood(rightDb, (db) => db > SIDE_DB);
  t.ok(onTheRight > SIDE_DB, `Ben is on the right: ${onTheRight.toFixed(1)} dB`);
  await game.draw({ at: [7, 0, 5], front: [0, -1] });
  const turned = await untilGood(rightDb, (db) => db < -SIDE_DB);
  t.ok(turned < -SIDE_DB, `and after a turn on the left: ${turned.toFixed(1)} dB`);
  await game.draw({ at: [13, 0, 5], front: [0, -1] });
  const beyond = await untilGood(rightDb, (db) => db > SIDE_DB);
  t.ok(beyond > SIDE_DB, `and after walking past him on the right again: ${beyond.toFixed(1)} dB`);
  await says('game', 'paused');
  await game.quit();
  await says('game', 'No game reports');
  t.same(ada.errors, []);
});
