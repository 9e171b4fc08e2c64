import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { isFineAt } from '../helpers/looks.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

/** What others do faster than this has one sound. */
const PAUSE_MS = 300;
const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;

function text({ page }: VoicePage, testId: string): Promise<string> {
  return page.evaluate(`document.querySelector('[data-testid="${testId}"]')?.textContent ?? ''`) as Promise<string>;
}

const focused = ({ page }: VoicePage) =>
  page.evaluate(`document.activeElement?.dataset.testid ?? document.activeElement?.tagName`);

/** Counts how often the page asks for a microphone. */
async function countQuestions({ page }: VoicePage): Promise<() => Promise<number>> {
  await page.evaluate(`{
    const ask = navigator.mediaDevices.getUserMedia;
    globalThis.questions = 0;
    navigator.mediaDevices.getUserMedia = (wanted) => { questions += 1; return ask(wanted); };
  }`);
  return () => page.evaluate('questions') as Promise<number>;
}

test('a room, as people use it', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--room-passwords', 'vault=open sesame'];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.kill());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const ada = await chromium.open(`${server.url}Room/My%20Room/`, { microphone: MICROPHONE });
  const questions = await countQuestions(ada);

  await t.test('a room is found however it is written, and a bad name gets a suggestion', async (t) => {
    await ada.waitFor('room');
    t.equal(await ada.page.evaluate(`document.querySelector('[data-testid="room"]').value`), 'My Room');
    await ada.type('name', 'Ada');
    await ada.type('room', 'Ada’s room!');
    await ada.click('join');
    await ada.waitFor('suggestion');
    await isFineAt(t, ada, 'suggestion');
    await ada.click('suggestion');
    t.equal(await ada.page.evaluate(`document.querySelector('[data-testid="room"]').value`), 'Adas-room');
    t.equal(await focused(ada), 'room');
  });

  await t.test('sound can be tried before joining, and the microphone that was tried is used', async (t) => {
    const page = await chromium.open(`${server.url}room/check`, { microphone: MICROPHONE });
    await page.click('check-sound');
    await page.click('test-microphone');
    await page.waitFor('hear-myself');
    await page.page.waitForFunction(
      `Number(document.querySelector('[data-testid="level-meter"]').getAttribute('aria-valuenow')) > 50`,
    );
    await isFineAt(t, page, 'check');
    await page.click('test-sound');
    await page.waitFor('test-sound', '[data-doing="playing"]');
    await page.waitFor('test-sound', '[data-doing="nothing"]');
    await page.click('hear-myself');
    await page.waitFor('test-sound', '[data-doing="recording"]');
    await page.waitFor('test-sound', '[data-doing="playing"]');
    await page.waitFor('test-sound', '[data-doing="nothing"]');
    const asked = await countQuestions(page);
    await page.join({ name: 'Cy' });
    await page.waitFor('mute');
    t.equal(await asked(), 0);
    t.same(page.errors, []);
    await page.close();
  });

  await t.test('nobody is asked for a microphone before they are admitted', async (t) => {
    await ada.type('room', 'VAULT');
    await ada.click('join');
    await ada.waitFor('password');
    t.equal(await questions(), 0);
    await ada.page.keyboard.type('open sesame');
    await ada.page.keyboard.press('Enter');
    await ada.waitFor('mute');
    t.equal(await questions(), 1);
    await ada.click('leave');
    await ada.waitFor('join');
    await ada.type('room', 'My Room');
    await ada.setMicrophone({ kind: 'failure', name: 'NotAllowedError' });
    await ada.click('join');
    await ada.waitFor('microphone-failure', '[data-failure="denied"]');
    await ada.waitForSound();
    await isFineAt(t, ada, 'no-microphone');
  });

  const ben = await chromium.open(`${server.url}room/my-room`, { microphone: { ...MICROPHONE, frequencyHz: 700 } });
  await ben.join({ name: 'Ben' });
  await ben.waitForSound();
  const seenAs = (name: string, attributes: string) =>
    ben.page.waitForSelector(`[data-testid="participant"]${attributes} .person-name[title="${name}"]`, {
      timeout: 60_000,
    });

  await t.test('the others see who has no microphone, and who has one', async (t) => {
    t.equal(await text(ben, 'room-name'), 'My Room', 'the spelling of whoever came first');
    await seenAs('Ada', '[data-microphone="none"]');
    await ada.setMicrophone(MICROPHONE);
    await ada.click('retry-microphone');
    await seenAs('Ada', '[data-microphone="open"]');
    t.equal(await text(ada, 'microphone-failure'), '');
    await ada.click('mute');
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.click('mute');
  });

  await t.test(
    'what happens is told by a line, a sound and the tab, and hands and absences are seen by all',
    async (t) => {
      const icon = () => ada.page.$eval('link[rel="icon"]', (link) => link.getAttribute('href') ?? '');
      const usual = await icon();
      await ada.page.evaluate(`{
      const { start } = OscillatorNode.prototype;
      globalThis.notesHz = [];
      OscillatorNode.prototype.start = function (atS) { notesHz.push(this.frequency.value); return start.call(this, atS); };
    }`);
      const hears = (hz: number) =>
        ada.page.waitForFunction(`notesHz.includes(${hz}) && (notesHz.length = 0, true)`, { timeout: 60_000 });
      const reads = (line: string) =>
        ada.page.waitForFunction(
          `document.querySelector('[data-testid="announcement"][data-shown="true"]')?.textContent === ${JSON.stringify(line)}`,
          { timeout: 60_000 },
        );
      const cy = await chromium.open(`${server.url}room/my-room`, { microphone: MICROPHONE });
      await cy.join({ name: 'Cy', mode: 'listen' });
      await Promise.all([reads('Cy joined'), hears(880)]);
      await sleep(PAUSE_MS);
      await cy.click('hand');
      await Promise.all([reads('Cy raised a hand'), hears(780)]);
      await seenAs('Cy', '[data-hand-raised="true"]');
      await cy.click('away');
      await seenAs('Cy', '[data-away="true"]');
      await isFineAt(t, ada, 'three-people');
      await sleep(PAUSE_MS);
      await cy.close();
      await Promise.all([reads('Cy left'), hears(440)]);

      await ada.click('mute');
      await hears(440);
      t.equal(await ada.page.title(), 'Muted · My Room · Partyline');
      t.not(await icon(), usual);
      await ada.openSettings();
      await ada.click('signal-sounds');
      await ada.click('close-settings');
      await ada.click('mute');
      await ada.page.waitForFunction(`document.title === 'My Room · Partyline'`);
      t.equal(await ada.page.evaluate('notesHz.length'), 0, 'sounds are off');
      await ada.openSettings();
      await ada.click('signal-sounds');
      await ada.click('close-settings');
      t.same(ada.errors, []);
    },
  );

  await t.test('deafening mutes, stays visible, and is undone completely', async (t) => {
    await ada.click('deafen');
    await ada.waitFor('deafened');
    await seenAs('Ada', '[data-microphone="muted"][data-deafened="true"]');
    await isFineAt(t, ada, 'deafened');
    await ada.click('undeafen');
    await seenAs('Ada', '[data-microphone="open"][data-deafened="false"]');
    t.equal(await text(ada, 'deafened'), '');
  });

  await t.test('the keyboard reaches everything, and the focus stays where it was', async (t) => {
    const { keyboard } = ada.page;
    await ada.page.focus('[data-testid="mute"]');
    await keyboard.press('ArrowLeft');
    t.equal(await focused(ada), 'leave', 'around the end');
    await keyboard.press('ArrowLeft');
    t.equal(await focused(ada), 'settings');
    t.equal(await ada.page.evaluate(`document.querySelectorAll('.dock-buttons [tabindex="0"]').length`), 1);
    await keyboard.press('Enter');
    await ada.waitFor('settings-dialog');
    await isFineAt(t, ada, 'settings-keys');
    await ada.click('key-mute');
    await keyboard.press('q');
    t.equal(await text(ada, 'key-mute'), 'Q');
    await keyboard.press('Escape');
    await ada.page.waitForSelector('[data-testid="settings-dialog"]', { hidden: true });
    await eventually(async () => (await focused(ada)) === 'settings');
    await keyboard.press('m');
    await keyboard.press('q');
    await ada.waitFor('mute', '[aria-pressed="true"]');
    await ada.openSettings();
    await ada.click('shortcuts');
    await ada.click('close-settings');
    await keyboard.press('q');
    await keyboard.press('d');
    t.equal(await ada.attribute('deafen', 'aria-pressed'), 'false');
    t.equal(await ada.attribute('mute', 'aria-pressed'), 'true', 'no key does anything');
    await ada.click('volume');
    await ada.click('volume-close');
    await eventually(async () => (await focused(ada)) === 'volume');
  });

  await t.test('with push to talk, a key or a thumb is held, and the others see it', async (t) => {
    await ada.click('mute');
    await ada.openSettings();
    await ada.page.select('[data-testid="talk-mode"]', 'push');
    await ada.click('talk-binding');
    await ada.page.keyboard.press('t');
    t.equal(await text(ada, 'talk-binding'), 'T');
    await ada.click('close-settings');
    await seenAs('Ada', '[data-microphone="muted"]');
    t.equal(await ada.attribute('mute', 'aria-pressed'), 'false', 'that is not the same as being muted');
    await isFineAt(t, ada, 'push-to-talk');
    await ada.page.keyboard.down('t');
    await seenAs('Ada', '[data-microphone="open"]');
    await ada.page.keyboard.up('t');
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.page.hover('[data-testid="talk"]');
    await ada.page.mouse.down();
    await seenAs('Ada', '[data-microphone="open"]');
    await ada.page.mouse.up();
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.openSettings();
    await ada.page.select('[data-testid="talk-mode"]', 'open');
    await ada.page.keyboard.press('Escape');
    await ada.page.waitForSelector('[data-testid="settings-dialog"]', { hidden: true });
    await seenAs('Ada', '[data-microphone="open"]');
    await ada.click('mute');
  });

  await t.test('a link that cannot be copied is shown', async (t) => {
    await ada.page.evaluate(`navigator.clipboard.writeText = () => Promise.reject(new Error('made by the test'))`);
    await ada.click('copy-link');
    await ada.waitFor('link-to-copy');
    t.equal(
      await ada.page.evaluate(`document.querySelector('[data-testid="link-to-copy"] input').value`),
      `${server.url}room/My-Room`,
    );
    t.same(await accessibilityProblems(ada), []);
    await ada.clickOn('[data-testid="link-to-copy"] button');
  });

  await t.test('Back asks, and a reload leads back into the room', async (t) => {
    await ada.page.evaluate('history.back()');
    await ada.waitFor('leave-dialog');
    await isFineAt(t, ada, 'leave');
    await ada.click('stay');
    await ada.waitFor('connection-state', '[data-state="connected"]');
    await ada.page.reload();
    await ada.waitForSound();
    await ada.waitFor('mute', '[aria-pressed="true"]');
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.page.evaluate('history.back()');
    await ada.waitFor('leave-dialog');
    await ada.click('leave-now');
    await ada.waitFor('join');
    await ada.page.reload();
    await ada.waitFor('join');
    t.equal(await ada.attribute('connection-state', 'data-state'), null, 'whoever has left stays away');
    await ada.click('join');
    await ada.waitFor('mute');
  });

  for (const page of [ada, ben]) {
    const own = page.errors.filter((error) => !/WebSocket|ERR_CONNECTION/.test(error));
    t.same(own, []);
  }
});
