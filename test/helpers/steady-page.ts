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
  const isCovered = ({ x, y }) => {
    const hit = document.elementFromPoint(x, y);
    return !(hit === element || element.contains(hit) || hit?.contains(element));
  };
  if (!isInSight(middle()) || isCovered(middle())) element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  const spot = middle();
  if (!isInSight(spot)) return { problem: 'it is out of sight at ' + spot.x + ', ' + spot.y };
  return spot;
})`;

/** What runs in the page: from now on `clickHasArrived` tells whether the element was clicked, itself or by its label. */
const WATCH = `((selector) => {
  globalThis.clickHasArrived = false;
  if (globalThis.clicksGoTo === undefined)
    addEventListener('click', ({ target }) => {
      const isIt = target.closest(globalThis.clicksGoTo) !== null;
      if (isIt || target.closest('label')?.querySelector(globalThis.clicksGoTo)) globalThis.clickHasArrived = true;
    }, true);
  globalThis.clicksGoTo = selector;
})`;
/** The page may have moved the element away at the moment of the click. */
const CLICKS = 3;

/** Waits for the element until it is shown, enabled and at rest, and clicks on its middle, again if that goes elsewhere. */
export async function clickWhenReady(page: Page, cssSelector: string, count = 1): Promise<void> {
  for (let left = CLICKS; left > 0; left--) {
    const { x, y } = await spotOf(page, cssSelector);
    await page.evaluate(`${WATCH}(${JSON.stringify(cssSelector)})`);
    await page.mouse.click(x, y, { count });
    // Another page knows nothing of it, so the click has led there.
    if ((await page.evaluate('globalThis.clickHasArrived').catch(() => true)) !== false) return;
  }
  throw new Error(`${CLICKS} clicks on ${cssSelector} went elsewhere`);
}

async function spotOf(page: Page, cssSelector: string): Promise<{ readonly x: number; readonly y: number }> {
  const find = `${FIND_SPOT}(${JSON.stringify(cssSelector)})`;
  const untilMs = performance.now() + WAIT_MS;
  let before: Spot = { problem: 'nobody looked' };
  for (;;) {
    const spot = (await page.evaluate(find)) as Spot;
    if ('x' in spot && 'x' in before && spot.x === before.x && spot.y === before.y) return spot;
    if (performance.now() > untilMs) throw new Error(`nobody could click on ${cssSelector}: ${reasonOf(spot)}`);
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
