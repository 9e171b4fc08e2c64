import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { HEARD_DBFS } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const BEN_HZ = 820;
const CLEO_HZ = 1310;

const tileOf = (name: string) => `.person:has([title="${name}"])`;

async function openVolume(page: VoicePage, name: string): Promise<void> {
  await page.clickOn(`${tileOf(name)} [data-testid="volume"]`);
  await page.page.waitForSelector('[data-testid="volume-slider"]');
}

/** As a person does it with the keys: there is no other way to move a slider that all browsers share. */
async function pressTo(page: VoicePage, gain: number): Promise<void> {
  await page.page.focus('[data-testid="volume-slider"]');
  for (let presses = 0; presses < 60; presses++) {
    const now = Number(await page.page.evaluate(`document.querySelector('[data-testid="volume-slider"]').value`));
    if (Math.abs(now - gain) < 0.01) return;
    await page.page.keyboard.press(now < gain ? 'ArrowRight' : 'ArrowLeft');
  }
  throw new Error(`the slider does not reach ${gain}`);
}

test('a listener makes one person louder, quieter or silent for themselves only', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--whip', 'on', '--whep', 'on'];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const talk = async (name: string, frequencyHz: number) => {
    const url = `${server.url.replace('http', 'ws')}ws`;
    const talker = await LightTalker.join({ url, room: 'lobby', name, frequencyHz });
    t.teardown(() => talker.close());
    return talker;
  };
  const broadcast = async (path: string, name: string, frequencyHz: number) => {
    const url = `${server.url}${path}/`;
    const talker = await LightTalker.join({ server: 'broadcast', url, room: 'lobby', name, frequencyHz });
    t.teardown(() => talker.close());
  };
  const ben = await talk('Ben', BEN_HZ);
  // A program that sends sound is turned down like everybody else.
  await broadcast('whip', 'Cleo', CLEO_HZ);
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.open(`${server.url}room/lobby`, {
    microphone: { kind: 'tone', frequencyHz: 440, gain: 0.1 },
  });
  await page.join({ name: 'Ada', mode: 'muted' });
  await page.waitForSound();
  const heard = async () => {
    const tones = await page.hear([BEN_HZ, CLEO_HZ], 0.6);
    return { benDbfs: tones.get(BEN_HZ)!.usuallyDbfs, cleoDbfs: tones.get(CLEO_HZ)!.usuallyDbfs };
  };
  let before = await heard();
  await eventually(async () => {
    const last = before;
    before = await heard();
    const isSteady = Math.abs(before.benDbfs - last.benDbfs) < 0.5 && Math.abs(before.cleoDbfs - last.cleoDbfs) < 0.5;
    return (isSteady && before.benDbfs > HEARD_DBFS && before.cleoDbfs > HEARD_DBFS) || JSON.stringify(before);
  });
  const bystanderDbfs = await ben.hearDbfs(CLEO_HZ);

  await t.test('a program that sends sound has a mark, and those who only listen are counted', async (t) => {
    await page.page.waitForSelector(`${tileOf('Cleo')}[data-via="whip"] .badge svg`);
    t.equal(await page.attribute('listeners', 'class'), null, 'nobody yet');
    await broadcast('whep', 'radio', 0);
    await page.waitFor('listeners');
    const text = (selector: string) => page.page.evaluate(`document.querySelector('${selector}').textContent`);
    t.equal(await text('[data-testid="listeners"]'), '1 listening');
    t.match(await text(`${tileOf('Cleo')} .person-status`), /sent by a program/, 'also while it sounds');
  });

  await t.test("with the slider on that person's tile", async (t) => {
    await openVolume(page, 'Cleo');
    t.same(await accessibilityProblems(page), []);
    await pressTo(page, 0.5);
    // Repeated until it holds: on a busy machine a single measurement may contain gaps.
    await eventually(async () => {
      const { benDbfs, cleoDbfs } = await heard();
      return Math.abs(cleoDbfs - before.cleoDbfs + 6) < 1 && Math.abs(benDbfs - before.benDbfs) < 1;
    });
    await eventually(async () => Math.abs((await ben.hearDbfs(CLEO_HZ)) - bystanderDbfs) < 0.5);
    t.match(await page.attribute('volume-slider', 'aria-valuetext'), '50 %');
  });

  await t.test('and with a switch that removes them from the sound and from the speaking indicators', async () => {
    await page.click('volume-mute');
    await eventually(async () => (await heard()).cleoDbfs < -65);
    await page.page.waitForSelector(`${tileOf('Cleo')}[data-gain="0"][data-speaking="false"]`);
    await page.page.waitForSelector(`${tileOf('Ben')}[data-speaking="true"]`);
    await page.click('volume-close');
  });

  await t.test('and the setting remains in this browser when the page is reloaded', async (t) => {
    await page.page.reload();
    await page.waitForSound();
    await page.page.waitForSelector(`${tileOf('Cleo')}[data-gain="0"]`);
    await eventually(async () => {
      const { benDbfs, cleoDbfs } = await heard();
      return benDbfs > before.benDbfs - 3 && cleoDbfs < -65;
    });
    await openVolume(page, 'Cleo');
    await page.click('volume-mute');
    await eventually(async () => (await heard()).cleoDbfs > before.cleoDbfs - 1);
    t.equal(await page.attribute('volume-slider', 'aria-valuetext'), '100 %');
  });
  t.same(page.errors, []);
});
