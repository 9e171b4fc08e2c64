import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { isFineAt } from '../helpers/looks.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
/** As many as a server lists. */
const ROOMS = 500;
const nameOf = (index: number) => `${['Games', 'Music', 'Work', 'Friends'][index % 4]}/Room ${index}`;

test('a list of five hundred rooms', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--room-list', 'all', '--max-rooms', '600'],
    ...['connections-per-address', 'joins-per-minute', 'rooms-per-address'].flatMap((name) => [`--max-${name}`, '0']),
  ]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  for (let index = 1; index < ROOMS; index++)
    t.equal((await api.post('/rooms', { name: nameOf(index) })).status, 201, nameOf(index));
  const enter = async (room: string, name: string) => {
    const client = await SignalingClient.open(`${server.url.replace('http', 'ws')}ws`);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room, name, hasMicrophone: false });
    await client.next('joined');
  };
  await enter(nameOf(1), 'Grace');

  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const microphone = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
  const ada = await chromium.open(`${server.url}room/Lobby`, { microphone });
  await ada.join({ name: 'Ada' });
  const { page } = ada;
  const entry = (room: string) => `[data-testid="rooms-room"][data-room="${room}"]`;
  await page.waitForSelector(`${entry(nameOf(1))}[data-participants="1"]`);

  await t.test('it is all there, and only what is in sight is laid out', async (t) => {
    const all = `[...document.querySelectorAll('[data-testid="rooms-room"]')]`;
    await page.waitForFunction(`${all}.length === ${ROOMS}`);
    const isShown = '(element) => element.checkVisibility({ contentVisibilityAuto: true })';
    await page.waitForFunction(`${all}.filter(${isShown}).length < 60`);
    t.ok(Number(await page.evaluate(`${all}.filter(${isShown}).length`)) > 5);
    await page.evaluate(`document.querySelector('${entry(nameOf(499))}').scrollIntoView()`);
    await page.waitForFunction(`(${isShown})(document.querySelector('${entry(nameOf(499))}'))`);
    await isFineAt(t, ada, 'many-rooms');
  });

  await t.test('only the room that has changed is drawn again', async (t) => {
    await page.evaluate(`{
      window.changed = new Set();
      const nameOf = ({ target }) => {
        const element = target instanceof Element ? target : target.parentElement;
        return element.closest('li:has(> .rooms-room)')?.querySelector('.rooms-room').dataset.room ?? element.className;
      };
      new MutationObserver((records) => records.forEach((record) => window.changed.add(nameOf(record)))).observe(
        document.querySelector('.rooms-list'),
        { subtree: true, childList: true, attributes: true, characterData: true },
      );
    }`);
    await enter(nameOf(2), 'Linus');
    await page.waitForSelector(`${entry(nameOf(2))}[data-participants="1"]`);
    const changed = (await page.evaluate('[...window.changed]')) as string[];
    t.same(changed, [nameOf(2)]);
  });

  await t.test('a room is found by a part of its name and entered', async (t) => {
    await ada.type('rooms-search', 'room 371');
    await page.waitForFunction(`document.querySelectorAll('[data-testid="rooms-room"]').length === 1`);
    await page.click(entry(nameOf(371)));
    await page.waitForFunction(`decodeURIComponent(location.pathname).includes('371')`);
    await ada.waitFor('mute');
    t.equal(await page.evaluate(`document.querySelector('[data-testid="rooms-search"]').value`), 'room 371');
  });
});
