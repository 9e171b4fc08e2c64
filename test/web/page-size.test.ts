import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const WEB = fileURLToPath(new URL('../../dist/web', import.meta.url));
const MAX_BYTES = 60_000;

/** The scripts and styles that the page loads before anything is clicked. */
function loadedAtOnce(): Set<string> {
  const html = readFileSync(join(WEB, 'index.html'), 'utf8');
  const [script] = /(?<=<script[^>]+src="\/)[\w.-]+/.exec(html) ?? [];
  const [style] = /(?<=rel="stylesheet" href="\/)[\w.-]+/.exec(html) ?? [];
  const files = new Set(['index.html', style!]);
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    // Those of `import()` have a parenthesis.
    for (const [, chunk] of readFileSync(join(WEB, file), 'utf8').matchAll(/(?:from|import)"(?:\.\/|\/)([\w.-]+)"/g))
      visit(chunk!);
  };
  visit(script!);
  return files;
}

test('the page loads little before anything is clicked', async (t) => {
  const files = loadedAtOnce();
  t.ok(files.size >= 4, [...files].join(', '));
  for (const coding of ['br', 'gz']) {
    const bytes = [...files].reduce((sum, file) => sum + readFileSync(join(WEB, `${file}.${coding}`)).length, 0);
    t.comment(`${coding}: ${bytes} bytes in ${files.size} files`);
    t.ok(bytes <= MAX_BYTES, `${bytes} bytes`);
  }
});
