/**
 * Waiting and clicking that do not need drawn frames. Puppeteer's own wait for frames: on a busy machine its
 * clicks timed out after a minute on elements that were there. We did not see why; frames are what they need in addition.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';

/** Only a limit for what does not happen at all: a browser on a busy machine is slow. */
export const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** The middle of an element in the window's coordinates, or why it cannot be clicked now. */
type Spot = { readonly x: number; readonly y: number } | { readonly problem: string };

/**
 * What runs in the page: scrolls to the element if it is out of sight. Of an element that is moving, the next call
 * returns another place.
 */
const FIND_SPOT = `((selector) => {
  const element = document.querySelector(selector);
  if (element === null) return { problem: 'it does not exist' };
  if (!element.checkVisibility({ visibilityProperty: true })) return { problem: 'it is not shown' };
  if (element.matches(':disabled')) return { problem: 'it is disabled' };
  const middle = () => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const isInSight = ({ x, y }) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const coverAt = ({ x, y }) => {
    const hit = document.elementFromPoint(x, y);
    const isIt = element.contains(hit) || hit?.contains(element) || hit?.closest('label')?.contains(element);
    return isIt ? null : hit;
  };
  if (!isInSight(middle()) || coverAt(middle())) element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  const spot = middle();
  if (!isInSight(spot)) return { problem: 'it is out of sight at ' + spot.x + ', ' + spot.y };
  const cover = coverAt(spot);
  return cover === null ? spot : { problem: 'it is covered by ' + cover.cloneNode(false).outerHTML };
})`;

/**
 * What runs in the page: `clickWentTo` says what the next click hit, the element (or its label) or something else. The
 * page does not get a click on something else: it could close the dialog that the element is in, for instance.
 */
const WATCH = `((selector) => {
  globalThis.clickWentTo = 'nothing yet';
  const kinds = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click'];
  globalThis.forgetClick?.();
  globalThis.forgetClick = () => {
    for (const kind of kinds) removeEventListener(kind, look, true);
  };
  const look = (event) => {
    const { target, type } = event;
    const isIt = target.closest?.(selector) || target.closest?.('label')?.querySelector(selector);
    if (!isIt) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    if (type !== 'click') return;
    globalThis.clickWentTo = isIt ? 'the element' : target.cloneNode(false).outerHTML;
    globalThis.forgetClick();
  };
  for (const kind of kinds) addEventListener(kind, look, true);
})`;
/** The page may have moved the element away at the moment of the click. */
const CLICKS = 5;
/** Only a limit for clicks that the page never gets. */
const CLICK_MS = 10_000;

/** Waits for the element until it is shown, enabled and at rest, and clicks on its middle, again if that goes elsewhere. */
export async function clickWhenReady(page: Page, cssSelector: string, count = 1): Promise<void> {
  let wentTo = '';
  for (let left = CLICKS; left > 0; left--) {
    const { x, y } = await spotOf(page, cssSelector);
    await page.evaluate(`${WATCH}(${JSON.stringify(cssSelector)})`);
    await page.mouse.click(x, y, { count });
    wentTo = await whereClickWent(page);
    if (wentTo === 'the element') return;
  }
  throw new Error(`${CLICKS} clicks on ${cssSelector} went elsewhere, the last one to ${wentTo}`);
}

async function whereClickWent(page: Page): Promise<string> {
  const untilMs = performance.now() + CLICK_MS;
  for (;;) {
    // Another page knows nothing of the click, so the click has led there.
    const wentTo = await page.evaluate('globalThis.clickWentTo').catch(() => undefined);
    if (wentTo === undefined) return 'the element';
    if (wentTo !== 'nothing yet' || performance.now() > untilMs) return String(wentTo);
    await sleep(LOOK_EVERY_MS);
  }
}

async function spotOf(page: Page, cssSelector: string): Promise<{ readonly x: number; readonly y: number }> {
  const find = `${FIND_SPOT}(${JSON.stringify(cssSelector)})`;
  const untilMs = performance.now() + WAIT_MS;
  let before: Spot = { problem: 'nobody looked' };
  for (;;) {
    const spot = (await page.evaluate(find)) as Spot;
    if ('x' in spot && 'x' in before && spot.x === before.x && spot.y === before.y) return spot;
    if (performance.now() > untilMs) {
      const shown = await page.evaluate('document.body.innerText');
      throw new Error(`nobody could click on ${cssSelector}: ${reasonOf(spot)}; the page shows: ${shown}`);
    }
    before = spot;
    await sleep(LOOK_EVERY_MS);
  }
}

/** From now on the page's own waits look at intervals, and have patience. */
export function waitByTime(page: Page): Page {
  const waitForFunction = page.waitForFunction.bind(page);
  const waitForSelector = page.waitForSelector.bind(page);
  const byTime = { polling: LOOK_EVERY_MS, timeout: WAIT_MS };
  page.waitForFunction = ((condition, options, ...args) =>
    waitForFunction(condition, { ...byTime, ...options }, ...args)) as typeof page.waitForFunction;
  page.waitForSelector = (async (selector, { hidden = false, ...options } = {}) => {
    if (!hidden) return waitForSelector(selector, { timeout: WAIT_MS, ...options });
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    const { signal: _, ...limits } = options;
    await page.waitForFunction(`!(${element}?.checkVisibility({ visibilityProperty: true }) ?? false)`, limits);
    return null;
  }) as typeof page.waitForSelector;
  return page;
}

function reasonOf(spot: Spot): string {
  return 'problem' in spot ? spot.problem : 'it does not stop moving';
}
