import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { CLOCK_TOLERANCE_S, createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { CLIENT_ID, CLIENT_SECRET, forwardTo, openOrigin, realProvider } from '../helpers/oidc.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
const SCREENSHOTS = '.tap/screenshots';
const SECRET = 'a secret that is long enough to sign with';
/** For longer than a page waits before its first attempt to join again. */
const REJOIN_MS = 2000;
const PASSWORDS = 'vault=open sesame';

async function text({ page }: VoicePage, testId: string): Promise<unknown> {
  return page.evaluate(`document.querySelector('[data-testid="${testId}"]')?.textContent ?? null`);
}

function token(
  identity: string,
  rights: { maySpeak?: boolean; mayModerate?: boolean } = {},
  lifetimeMs = 600_000,
  room = 'lobby',
) {
  const grant = { room, identity, name: identity, maySpeak: true, mayModerate: false, ...rights };
  return createJoinToken(tokenKey(SECRET), grant, { wallNowMs: Date.now(), lifetimeMs });
}

test('access control, in Chromium', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const [front, accounts] = [await openOrigin(t), await openOrigin(t)];
  const account = { id: 'grace-1', claims: { name: 'Grace' } };
  accounts.answer = await realProvider(accounts.url, {
    account: () => account,
    redirectUri: `${front.url}/sign-in/callback`,
  });
  const signIn = ['--oidc-issuer', accounts.url, '--oidc-client-id', CLIENT_ID, '--oidc-client-secret', CLIENT_SECRET];
  const flags = [
    ...['--media-host', PRIVATE_ADDRESS, '--token-secret', SECRET, '--room-passwords', PASSWORDS],
    ...[...signIn, '--oidc-page-url', front.url, '--oidc-label', 'Forum'],
  ];
  let server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  mkdirSync(SCREENSHOTS, { recursive: true });

  /** Opens the page of somebody whose link expires while they are in a room. */
  const openExpiring = async (lifetimeMs: number): Promise<{ fay: VoicePage; expiresAtMs: number }> => {
    const expiresAtMs = Date.now() + lifetimeMs;
    const link = await token('Fay', {}, lifetimeMs - CLOCK_TOLERANCE_S * 1000, 'tower');
    const fay = await chromium.open(`${server.url}#token=${link}`, { microphone: MICROPHONE });
    await fay.click('join');
    await fay.page.waitForSelector('[data-media="connected"], [data-testid="join-error"]', { timeout: 60_000 });
    if ((await text(fay, 'join-error')) === null) return { fay, expiresAtMs };
    // On a busy machine it was too late.
    await fay.close();
    return openExpiring(3 * lifetimeMs);
  };
  const { fay, expiresAtMs } = await openExpiring(10_000);

  await t.test('the page asks for the password of a room, and again if it is wrong', async (t) => {
    const page = await chromium.open(`${server.url}room/vault`, { microphone: MICROPHONE });
    await page.join({ name: 'Ada' });
    await page.waitFor('password');
    t.match(await text(page, 'join-error'), /has a password/);
    t.equal(await page.page.evaluate('document.activeElement.dataset.testid'), 'password');
    t.same(await accessibilityProblems(page), []);
    await page.page.keyboard.type('open barley');
    await page.page.keyboard.press('Enter');
    await page.waitFor('password', '[aria-invalid="true"]');
    t.match(await text(page, 'join-error'), /Wrong password/);
    await page.screenshot(`${SCREENSHOTS}/password.png`);
    await page.page.keyboard.type('open sesame');
    await page.page.keyboard.press('Enter');
    await page.waitForSound();
    t.same(page.errors, []);
    await page.close();
  });

  await t.test('the page takes a token out of the address and keeps it across a reload', async (t) => {
    const page = await chromium.open(`${server.url}#token=${await token('Zoë')}`, { microphone: MICROPHONE });
    await page.waitFor('name', '[readonly]');
    t.equal(await page.page.evaluate('location.href'), server.url);
    await page.click('join');
    await page.waitForSound();
    t.match(await page.participants(), [{ name: 'Zoë', isSelf: true }]);
    t.equal(await page.page.evaluate('location.href'), `${server.url}room/lobby`);
    await page.page.reload();
    await page.waitForSound();
    t.match(await page.participants(), [{ name: 'Zoë', isSelf: true }], 'once');
    await page.close();
  });

  await t.test('whoever signs in is led back to the room, with their name', async (t) => {
    front.answer = forwardTo(() => server.url);
    const page = await chromium.open(`${front.url}/room/lobby`, { microphone: MICROPHONE });
    await page.waitFor('sign-in');
    t.equal(await text(page, 'sign-in'), 'Sign in with Forum');
    t.same(await accessibilityProblems(page), []);
    await page.click('sign-in');
    await page.waitFor('name', '[readonly]');
    t.equal(await page.page.evaluate('document.querySelector("[data-testid=name]").value'), 'Grace');
    t.equal(await page.page.evaluate('location.href'), `${front.url}/room/lobby`);
    t.equal(await text(page, 'sign-in'), null, 'once is enough');
    await page.close();
  });

  await t.test('the page says that a link has expired, and does not try it again', async (t) => {
    const expired = await token('Eve', {}, -60_000);
    const page = await chromium.open(`${server.url}#token=${expired}`, { microphone: MICROPHONE });
    await page.click('join');
    await page.waitFor('join-error');
    t.match(await text(page, 'join-error'), /link has expired/);
    t.equal(await page.page.evaluate('sessionStorage.getItem("partyline-token")'), null);
    await page.close();
  });

  await t.test('a moderator mutes, locks and removes; a listener has no microphone', async (t) => {
    const open = async (who: string, rights = {}, width = 1000) => {
      const url = `${server.url}#token=${await token(who, rights)}`;
      const page = await chromium.open(url, { microphone: MICROPHONE, width });
      await page.click('join');
      await page.waitForSound();
      return page;
    };
    const [mod, ben, cy] = await Promise.all([
      open('Mod', { mayModerate: true }, 320),
      open('Ben'),
      open('Cy', { maySpeak: false }),
    ]);
    await cy.waitFor('listens-only');
    t.equal(await cy.attribute('mute', 'class'), null);
    t.equal(await cy.attribute('moderate', 'class'), null, 'only moderators see the controls');
    await mod.waitFor('participant', '[data-listens="true"]');

    const moderate = async (name: string, action: string) => {
      await mod.clickOn(`[aria-label="Moderate ${name}"]`);
      await mod.click(action);
    };
    await moderate('Ben', 'moderate-cancel');
    await moderate('Ben', 'moderate-mute');
    await ben.waitFor('muted-by-moderator');
    await ben.waitFor('mute', '[aria-pressed="true"]:disabled');
    await ben.page.keyboard.press('m');
    await cy.waitFor('participant', '[data-muted-by-moderator="true"]');
    t.same(await accessibilityProblems(ben), []);
    await mod.clickOn('[aria-label="Moderate Ben"]');
    await mod.waitFor('moderate-allow');
    t.same(await accessibilityProblems(mod), []);
    await mod.screenshot(`${SCREENSHOTS}/moderation-320.png`);
    await mod.click('moderate-allow');
    await ben.waitFor('mute', '[aria-pressed="true"]:enabled');
    await ben.click('mute');
    await mod.page.waitForSelector('[data-testid="participant"][data-muted="true"][data-listens="false"]', {
      hidden: true,
    });

    await mod.click('lock');
    await cy.waitFor('locked');
    await mod.screenshot(`${SCREENSHOTS}/moderator-320.png`);
    t.equal(await mod.page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
    t.same(await accessibilityProblems(mod), []);
    const dan = await chromium.open(`${server.url}room/lobby`, { microphone: MICROPHONE });
    await dan.join({ name: 'Dan' });
    await dan.waitFor('join-error');
    t.match(await text(dan, 'join-error'), /locked/);

    await moderate('Ben', 'moderate-kick');
    await ben.waitFor('join-error');
    t.match(await text(ben, 'join-error'), /removed you/);
    t.equal(await ben.page.evaluate('document.querySelector("[data-testid=join]").disabled'), false, 'and stays out');
    await mod.page.waitForFunction(
      `document.querySelector('[data-testid="announcement"]').textContent.includes('Ben was removed')`,
    );
    await sleep(REJOIN_MS);
    t.notOk(
      (await mod.participants()).some(({ name }) => name === 'Ben'),
      'for longer than a rejoin would take',
    );
    await mod.click('lock');
    await cy.page.waitForSelector('[data-testid="locked"]', { hidden: true });
    for (const page of [mod, ben, cy, dan]) {
      t.same(page.errors, []);
      await page.close();
    }
  });

  await t.test('who is in the room stays in it over a restart after their link has expired', async (t) => {
    await sleep(Math.max(0, expiresAtMs + 100 - Date.now()));
    await fay.waitFor('connection-state', '[data-state="connected"]');
    const { port } = new URL(server.url);
    await server.stop();
    await fay.waitFor('reconnecting');
    server = await startServerProcess(BUILT_SERVER, [...flags, '--port', port]);
    await fay.waitFor('connection-state', '[data-state="connected"]');
    await fay.waitForSound();
    t.match(server.output(), 'participant joined');
  });
});
