import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { createPrng, integerBetween } from '../helpers/prng.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.1 } as const;
const HOSTILE =
  '<img src=x onerror="document.title=1"> javascript:alert(1) \u202egnp.exe **bold** https://example.org/a.';

async function say(voicePage: VoicePage, text: string): Promise<void> {
  await voicePage.clickOn('[data-testid="chat-input"]');
  await voicePage.page.keyboard.type(text);
  await voicePage.page.keyboard.press('Enter');
}

/** Waits until the page shows so many lines, and returns the text of the last one. */
async function lastLine(voicePage: VoicePage, count: number): Promise<string> {
  await voicePage.page.waitForFunction(`document.querySelectorAll('[data-testid="chat-text"]').length === ${count}`);
  return (await voicePage.page.evaluate(
    `[...document.querySelectorAll('[data-testid="chat-text"]')].at(-1)?.textContent ?? ''`,
  )) as string;
}

test('two people write to each other on the page', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS]);
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const enter = async (name: string) => {
    const page = await chromium.open(`${server.url}room/lobby`, { microphone: MICROPHONE });
    await page.join({ name, mode: 'muted' });
    await page.waitFor('chat-open');
    return page;
  };
  const [ada, ben] = [await enter('Ada'), await enter('Ben')];
  await ada.waitFor('participant', ':nth-of-type(2)');

  await t.test('a line that mentions somebody is counted at the closed chat, and the panel shows it', async (t) => {
    await ada.click('chat-open');
    await ada.waitFor('chat-input');
    await ada.clickOn('[data-testid="chat-input"]');
    await ada.page.keyboard.type('hello @be');
    await ada.waitFor('chat-offer');
    await ada.page.keyboard.press('Tab');
    await ada.page.keyboard.press('Enter');
    t.equal(await lastLine(ada, 1), 'hello @Ben');
    await ben.waitFor('chat-open', '[data-unread="1"][data-for-me="true"]');
    await ben.click('chat-open');
    t.equal(await lastLine(ben, 1), 'hello @Ben');
    await ben.waitFor('chat-line', '[data-for-me="true"]');
    await ben.waitFor('chat-open', '[data-unread="0"]');
    t.same(await accessibilityProblems(ben), []);
  });

  await t.test('what is written is text, and only web addresses are links', async (t) => {
    await say(ben, HOSTILE);
    t.equal(await lastLine(ada, 2), HOSTILE.replaceAll('**', ''));
    const found = await ada.page.evaluate(`(() => {
      const text = [...document.querySelectorAll('[data-testid="chat-text"]')].at(-1);
      return {
        images: text.querySelectorAll('img').length,
        links: [...text.querySelectorAll('a')].map(({ href, rel, target }) => [href, rel, target]),
        bold: text.querySelector('strong')?.textContent,
        isolated: getComputedStyle(text).unicodeBidi,
      };
    })()`);
    t.match(found, {
      images: 0,
      links: [['https://example.org/a', 'noopener noreferrer nofollow', '_blank']],
      bold: 'bold',
      isolated: /isolate|plaintext/,
    });
  });

  await t.test('keys for the microphone do nothing while writing, and work again after Escape', async (t) => {
    await ada.clickOn('[data-testid="chat-input"]');
    await ada.page.keyboard.type('m');
    t.equal(await ada.attribute('mute', 'aria-pressed'), 'true');
    await ada.page.keyboard.press('Backspace');
    await ada.page.keyboard.press('Escape');
    await ada.page.keyboard.press('m');
    await ada.waitFor('mute', '[aria-pressed="false"]');
  });

  await t.test('one edits and deletes what one wrote, and who joins later sees the result', async (t) => {
    await ada.click('chat-edit');
    await ada.page.waitForFunction(
      `document.activeElement.dataset.testid === 'chat-input' && document.activeElement.value === 'hello @Ben'`,
    );
    await ada.page.keyboard.press('End');
    await ada.page.keyboard.type('!');
    await ada.page.keyboard.press('Enter');
    const changed = `document.querySelector('[data-testid="chat-text"]').textContent === 'hello @Ben!'`;
    await ben.page.waitForFunction(changed);
    await ben.click('chat-delete');
    t.equal(await lastLine(ada, 1), 'hello @Ben!');
    const cleo = await enter('Cleo');
    await cleo.click('chat-open');
    t.equal(await lastLine(cleo, 1), 'hello @Ben!');
    t.same(cleo.errors, []);
  });
  await t.test('a file goes from browser to browser once its receiver has agreed', async (t) => {
    const seed = 20_261_130;
    t.comment(`seed ${seed}`);
    const prng = createPrng(seed);
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, () => integerBetween(prng, 0, 255)));
    const file = join(t.testdir(), 'map of the cave.bin');
    await writeFile(file, bytes);
    const offer = async (path: string) => {
      await ada.clickOn('.person:has([title="Ben"]) [data-testid="volume"]');
      await ada.waitFor('send-file');
      const [chooser] = await Promise.all([ada.page.waitForFileChooser(), ada.click('send-file')]);
      await chooser.accept([path]);
    };
    await ben.page.evaluate(`(() => {
      const make = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        globalThis.received = blob;
        return make.call(URL, blob);
      };
    })()`);
    await offer(file);
    await ada.waitFor('transfer', '[data-status="asking"]');
    await ben.waitFor('transfer-accept');
    t.same(await accessibilityProblems(ben), []);
    await ben.click('transfer-accept');
    await eventually(async () => {
      const both = await Promise.all([ada, ben].map((page) => page.attribute('transfer', 'data-status')));
      return both.every((status) => status === 'done') || both.join(', ');
    });
    t.equal(await ben.attribute('transfer-save', 'download'), 'map of the cave.bin');
    const digest = await ben.page.evaluate(`received.arrayBuffer()
      .then((bytes) => crypto.subtle.digest('SHA-256', bytes))
      .then((hash) => [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join(''))`);
    t.equal(digest, createHash('sha256').update(bytes).digest('hex'));
    await offer(file);
    await ben.click('transfer-refuse');
    await ada.waitFor('transfer', '[data-status="refused"]');
  });
  for (const page of [ada, ben]) t.same(page.errors, []);
});
