import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { VoicePage } from './voice-page.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Ends transitions that are running, and prevents others. */
const STILL = '*, ::before, ::after { transition: none !important; animation: none !important }';

/**
 * Problems that axe-core finds for people who use the page in other ways than its authors do. Nothing moves meanwhile,
 * because text that is just fading has too little contrast.
 */
export async function accessibilityProblems({ page }: Pick<VoicePage, 'page'>): Promise<string[]> {
  await page.evaluate(AXE);
  return (await page.evaluate(`(async () => {
    const still = new CSSStyleSheet();
    still.replaceSync('${STILL}');
    document.adoptedStyleSheets.push(still);
    const { violations } = await axe.run();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== still);
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' '));
  })()`)) as string[];
}
