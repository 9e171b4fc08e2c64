import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TONES_HZ = { Ada: 440, Ben: 820, Cleo: 1310, Dora: 2050 } as const;

const team = (name: string) => `[data-testid="team"][data-team="${name}"]`;
const talkTo = (name: string) => `[data-testid="talk-to"][data-team="${name}"]`;
const tileOf = (name: string) => `.person:has([title="${name}"])`;

test('people choose teams, speak to theirs alone, and whisper while they hold a button', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN],
    ...['--teams', 'red, blue', '--token-secret', TOKEN],
    // Everybody is in another worker than whoever came before.
    ...['--workers', '2', '--span-load-percent', '0'],
  ]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  await api.post('/rooms', { name: 'match', links: ['annex'] });
  await api.post('/rooms', { name: 'annex', links: ['match'] });
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const open = async (name: keyof typeof TONES_HZ, path: string) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN } as const;
    const page = await chromium.open(`${server.url}${path}`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const enter = async (name: keyof typeof TONES_HZ, chosen: string) => {
    const page = await open(name, 'room/match');
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

  await t.test('a leader in another room shouts, and everyone here sees who it is', async (t) => {
    const grant = { room: 'annex', identity: 'leader', mayShout: true };
    const { path } = (await api.post('/tokens', grant)).body;
    const dora = await open('Dora', String(path).slice(1));
    await hearsOnly(t, ada, TONES_HZ, ['Ben', 'Cleo']);
    const button = await dora.page.waitForSelector('[data-testid="shout"]');
    await dora.page.bringToFront();
    await button!.hover();
    await dora.page.mouse.down();
    for (const page of [ada, ben]) {
      await page.page.waitForSelector('[data-testid="shouting"]:not([hidden])');
      const text = await page.page.$eval('[data-testid="shouting"]', (element) => element.textContent);
      t.equal(text, 'Dora shouts from annex');
    }
    await hearsOnly(t, ada, TONES_HZ, ['Ben', 'Cleo', 'Dora']);
    await hearsOnly(t, dora, TONES_HZ, []);
    t.same(await accessibilityProblems(ada), []);
    await dora.page.mouse.up();
    await ada.page.waitForSelector('[data-testid="shouting"][hidden]');
    await hearsOnly(t, ada, TONES_HZ, ['Ben', 'Cleo']);
    t.same(dora.errors, []);
    await dora.close();
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
