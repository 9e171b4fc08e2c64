import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TONES_HZ = { Ada: 440, Ben: 820, Cleo: 1310 } as const;

const team = (name: string) => `[data-testid="team"][data-team="${name}"]`;
const talkTo = (name: string) => `[data-testid="talk-to"][data-team="${name}"]`;
const tileOf = (name: string) => `.person:has([title="${name}"])`;

test('people choose teams, speak to theirs alone, and whisper while they hold a button', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN],
    ...['--teams', 'red, blue'],
  ]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  await api.post('/rooms', { name: 'match' });
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const enter = async (name: keyof typeof TONES_HZ, chosen: string) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN } as const;
    const page = await chromium.open(`${server.url}room/match`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    await page.clickOn(team(chosen));
    await page.page.waitForSelector(`${team(chosen)}[aria-pressed="true"]`);
    return page;
  };
  const ada = await enter('Ada', 'red');
  const ben = await enter('Ben', 'red');
  const cleo = await enter('Cleo', 'blue');

  await t.test('everyone speaks to everyone at first', async (t) => {
    await hearsOnly(t, ben, TONES_HZ, ['Ada', 'Cleo']);
    await hearsOnly(t, cleo, TONES_HZ, ['Ada', 'Ben']);
    t.same(await accessibilityProblems(ada), []);
  });

  await t.test('then Ada speaks to the red team', async (t) => {
    await ada.clickOn(talkTo('red'));
    await hearsOnly(t, cleo, TONES_HZ, ['Ben']);
    await hearsOnly(t, ben, TONES_HZ, ['Ada', 'Cleo']);
    await hearsOnly(t, ada, TONES_HZ, ['Ben', 'Cleo']);
    await cleo.page.waitForSelector(`${tileOf('Ada')}[data-speaking="false"]`);
    await ben.page.waitForSelector(`${tileOf('Ada')}[data-speaking="true"]`);
    const status = `document.querySelector(${JSON.stringify(`${tileOf('Ada')} .person-status`)}).textContent`;
    t.match(await ben.page.evaluate(status), /to red/);
  });

  await t.test('and Cleo whispers to Ada, who sees that it is a whisper', async (t) => {
    const button = await cleo.page.waitForSelector(`${tileOf('Ada')} [data-testid="whisper"]`);
    await cleo.page.bringToFront();
    await button!.hover();
    await cleo.page.mouse.down();
    await ada.page.waitForSelector(`${tileOf('Cleo')}[data-whispers="true"]`);
    await hearsOnly(t, ada, TONES_HZ, ['Ben', 'Cleo']);
    await hearsOnly(t, ben, TONES_HZ, ['Ada']);
    await cleo.page.mouse.up();
    await ada.page.waitForSelector(`${tileOf('Cleo')}[data-whispers="false"]`);
    await hearsOnly(t, ben, TONES_HZ, ['Ada', 'Cleo']);
  });

  await t.test('whoever changes the team leaves the other, and the settings of the room can name more', async (t) => {
    await ada.clickOn(team('blue'));
    await ada.page.waitForSelector(`${team('blue')}[aria-pressed="true"]`);
    await ada.page.waitForSelector(`${team('red')}[aria-pressed="false"]`);
    await ada.page.waitForSelector(`${talkTo('')}[aria-pressed="true"]`);
    t.equal(await ada.page.$(talkTo('red')), null);
    await api.patch('/rooms/match', { teams: ['red', 'blue', 'green'] });
    for (const page of [ada, ben]) await page.page.waitForSelector(`${team('green')}[aria-pressed="false"]`);
    t.ok(await ben.page.$(`${team('red')}[aria-pressed="true"]`), 'whoever is in a team stays in it');
  });
  for (const page of [ada, ben, cleo]) t.same(page.errors, []);
});
