import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';

const FOLDER = new URL('../../web/app/', import.meta.url);

/** What would be on the wrong side where text runs from right to left. */
const PHYSICAL =
  /^(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius|float|clear)\b|^text-align:\s*(?:left|right)|^(?:translate|transform):(?!.*--forward).*translate(?:X|\()/;
const FOUR_SIDES = /^(?:margin|padding|inset|border-width):(.*)$/;

/** The value split at spaces outside of parentheses. */
function partsOf(value: string): readonly string[] {
  return value.trim().match(/(?:[^\s()]+|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+/g) ?? [];
}

test('styles name no left or right, so that the page can be mirrored', async (t) => {
  const sheets = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.css'));
  t.not(sheets.length, 0);
  for (const name of sheets) {
    const text = readFileSync(new URL(name, FOLDER), 'utf8').replace(/\/\*.*?\*\//gs, '');
    for (const declaration of text.split(/[;{}]/).map((part) => part.trim().replace(/\s+/g, ' '))) {
      t.notMatch(declaration, PHYSICAL, name);
      const [, right, , left] = partsOf(FOUR_SIDES.exec(declaration)?.[1] ?? '');
      t.equal(left ?? right, right, `${name}: ${declaration}`);
    }
  }
});
