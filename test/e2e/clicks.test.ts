import type { Page } from 'puppeteer-core';
import { type Test, test } from 'tap';
import { launchChromium, launchFirefox, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { clickWhenReady } from '../helpers/steady-page.ts';

/** Two buttons; what is clicked, and whatever is pressed, is noted. */
const PAGE = `<style>button { position: absolute; width: 80px; height: 20px }</style>
<button id="wanted" style="left: 10px; top: 10px">wanted</button>
<button id="other" style="left: 10px; top: 10px; visibility: hidden">other</button>
<label style="position: absolute; top: 100px">Choose <input type="checkbox" id="box" style="opacity: 0"><b>here</b></label>
<script>
  globalThis.clicked = [];
  for (const kind of ['pointerdown', 'mousedown', 'click']) addEventListener(kind, ({ target }) => clicked.push(target.id));
</script>`;
const WANTED = '#wanted';

test('Chromium clicks on the element and on nothing else', { skip: skipIfMissing(missingForBrowsers) }, async (t) =>
  tryClicks(t, await launchChromium()),
);

test('Firefox clicks on the element and on nothing else', { skip: skipIfMissing(missingForBrowsers) }, async (t) =>
  tryClicks(t, await launchFirefox()),
);

async function tryClicks(t: Test, browser: VoiceBrowser): Promise<void> {
  t.teardown(() => browser.close());
  const page = await browser.blankPage();
  t.teardown(() => page.close());

  await t.test('once, and the page handles clicks on other things afterwards', async (t) => {
    await show(page);
    await clickWhenReady(page, WANTED);
    t.same(await clicked(page), ['wanted', 'wanted', 'wanted']);
    await page.mouse.click(300, 300);
    t.equal(((await clicked(page)) as string[]).length, 6);
  });

  await t.test('by its label', async (t) => {
    await show(page);
    await clickWhenReady(page, '#box');
    t.equal(await page.evaluate('box.checked'), true);
  });

  await t.test('when something else comes into its place at the last moment', async (t) => {
    await show(page);
    const { click } = page.mouse;
    page.mouse.click = async (...args) => {
      page.mouse.click = click.bind(page.mouse);
      await page.evaluate(`wanted.style.top = '50px'; other.style.visibility = ''`);
      await click.apply(page.mouse, args);
    };
    await clickWhenReady(page, WANTED);
    t.same(await clicked(page), ['wanted', 'wanted', 'wanted']);
  });

  await t.test('when what covers it has gone', async (t) => {
    await show(page);
    await page.evaluate(`other.style.visibility = ''; setTimeout(() => other.remove(), 300)`);
    await clickWhenReady(page, WANTED);
    t.same(await clicked(page), ['wanted', 'wanted', 'wanted']);
  });
}

async function show(page: Page): Promise<void> {
  await page.setContent(PAGE);
}

function clicked(page: Page): Promise<unknown> {
  return page.evaluate('clicked');
}
