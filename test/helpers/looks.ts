import { mkdirSync } from 'node:fs';
import type { Test } from 'tap';
import { accessibilityProblems } from './accessibility.ts';
import type { VoicePage } from './voice-page.ts';

export const SCREENSHOTS = '.tap/screenshots';
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
  { width: 844, height: 390 },
];
const USUAL = { width: 1000, height: 760 };

/** Checks that what the page shows is accessible, and fits on a desktop and on a phone either way up; takes pictures. */
export async function isFineAt(t: Test, page: Pick<VoicePage, 'page'>, view: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  t.same(await accessibilityProblems(page), [], view);
  for (const size of SIZES) {
    await page.page.setViewport(size);
    const isWide = await page.page.evaluate('document.documentElement.scrollWidth > innerWidth');
    t.equal(isWide, false, `${view}, ${size.width} px`);
    await page.page.screenshot({ path: `${SCREENSHOTS}/${view}-${size.width}.png` });
  }
  await page.page.setViewport(USUAL);
}
