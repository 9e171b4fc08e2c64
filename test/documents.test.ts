import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { placeArchiveFiles } from '../scripts/release/archive-files.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOT_OURS = /^(?:node_modules|dist|\..*)$/;

/** Looks only into folders that are ours, because in others files come and go while tests run. */
function documentsIn(folder: string): string[] {
  const ours = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !NOT_OURS.test(name));
  const names = ours.flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    const inside = readdirSync(join(folder, entry.name), { recursive: true, encoding: 'utf8' });
    return inside.map((name) => join(entry.name, name));
  });
  return names.filter((name) => name.endsWith('.md')).sort();
}

/** Without code, which may contain anything. */
function prose(file: string): string {
  return readFileSync(file, 'utf8')
    .replace(/^```.*?^```$/gms, '')
    .replace(/`[^`\n]*`/g, '`code`');
}

/** The anchors of headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const text = readFileSync(file, 'utf8').replace(/^```.*?^```$/gms, '');
  const headings = [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

/** Links and pictures in Markdown and HTML that lead to a file or a heading. */
function linksOf(file: string): string[] {
  const text = prose(file);
  const all = [
    ...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g),
    ...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm),
    ...text.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ];
  return all.map(([, target = '']) => target).filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

function checkLinks(t: Test, folder: string): number {
  let links = 0;
  for (const name of documentsIn(folder)) {
    const file = join(folder, name);
    for (const link of linksOf(file)) {
      links++;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : join(dirname(file), decodeURI(path));
      const isInside = !relative(folder, target).startsWith('..');
      t.ok(isInside && existsSync(target), `${name}: ${link} leads to a file`);
      if (anchor !== undefined && existsSync(target) && statSync(target).isFile() && target.endsWith('.md'))
        t.ok(anchorsOf(target).has(anchor), `${name}: ${link} leads to a heading`);
    }
  }
  return links;
}

test('every relative link in the documents leads somewhere', (t) => {
  t.ok(checkLinks(t, ROOT) > 50);
  t.end();
});

test('links also work in a release archive, which has every file that the documents say to copy', async (t) => {
  const folder = t.testdir();
  await placeArchiveFiles(folder);
  t.ok(checkLinks(t, folder) > 50);
  const operations = readFileSync(join(folder, 'docs/operations.md'), 'utf8');
  const copied = [...operations.matchAll(/\b(?:cp|install -m \d+) ([\w./-]+) /g)].map(([, file = '']) => file);
  t.ok(copied.length >= 4);
  const built = ['partyline', 'partyline-new'];
  for (const file of copied.filter((name) => !built.includes(name))) t.ok(existsSync(join(folder, file)), file);
  for (const file of ['nginx/partyline.conf', 'caddy/Caddyfile', 'prometheus/alerts.yaml', 'grafana/partyline.json'])
    t.ok(existsSync(join(folder, 'deploy', file)), file);
});

test('the documents begin with steps for anybody, and run nothing as root', (t) => {
  const [, first = ''] = /^```sh\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  t.equal(first, 'npm ci && npm start\n');
  for (const name of documentsIn(ROOT))
    t.notMatch(readFileSync(join(ROOT, name), 'utf8'), /sudo \S*partyline(?! (?:check|install))\b.*--domain/, name);
  t.end();
});
