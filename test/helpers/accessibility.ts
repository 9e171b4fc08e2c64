import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { VoicePage } from './voice-page.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Problems that axe-core finds for people who use the page in other ways than its authors do. */
export async function accessibilityProblems({ page }: VoicePage): Promise<string[]> {
  await page.evaluate(AXE);
  return (await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' ')))`,
  )) as string[];
}
