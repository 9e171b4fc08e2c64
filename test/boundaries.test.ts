import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Which parts a part may import from. Imports inside a part are free. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/lib': [],
  'src/mixer': ['src/lib'],
  'src/rtc': ['src/lib'],
  'src/media': ['src/lib', 'src/mixer', 'src/rtc'],
  'src/rooms': ['src/lib', 'src/media'],
  'src/signaling': ['src/lib', 'src/media', 'src/rooms'],
  'src/admin': ['src/lib', 'src/media', 'src/rooms'],
  'src/config': ['src/lib'],
  'src/server': ['src/lib', 'src/config', 'src/rtc', 'src/media', 'src/rooms', 'src/signaling', 'src/admin'],
  'src/main': [
    'src/lib',
    'src/config',
    'src/server',
    'src/admin',
    'src/rooms',
    'src/media',
    'src/mixer',
    'src/rtc',
    'package.json',
  ],
};
/** Who may use a package that only one place should know. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  '@discordjs/opus': ['src/mixer/codec/opus.ts'],
  werift: ['src/rtc/'],
  ws: ['src/signaling/'],
  koa: ['src/admin/'],
  '@koa/router': ['src/admin/api/'],
  '@koa/bodyparser': ['src/admin/api/'],
  jose: ['src/rooms/'],
  'acme-client': ['src/server/tls/'],
  '@peculiar/x509': ['src/server/tls/'],
  'prom-client': ['src/admin/'],
};
/** Whose types the page may take, by the folder that takes them. */
const TYPES_FOR_THE_PAGE: readonly (readonly [folder: string, from: string])[] = [
  ['web/', 'src/protocol/messages.ts'],
  ['web/admin/', 'src/admin/api/'],
];
const TIME = /\b(Date\.now|new Date|performance\.now|setTimeout|setInterval|setImmediate)\b/;
const MAY_TELL_TIME = ['src/lib/clock.ts'];
const MAX_LINES = 400;

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

const files = [...sources('src'), ...sources('web'), ...sources('bench')];

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
}

function text(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

const IMPORT =
  /^(?:import|export)\s(?<type>type\s)?[^'"]*?from\s+'(?<from>[^']+)'|^import\s+'(?<bare>[^']+)'|(?:createRequire\(import\.meta\.url\)|loadAddon)\('(?<required>[^']+)'\)/gms;

function importsOf(file: string): Import[] {
  return [...text(file).matchAll(IMPORT)].map(({ groups = {} }) => ({
    from: (groups['from'] ?? groups['bare'] ?? groups['required'])!,
    typeOnly: groups['type'] !== undefined,
  }));
}

function partOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'src' ? `src/${second.replace(/\.tsx?$/, '')}` : top;
}

function target(file: string, from: string): string {
  return relative(ROOT, normalize(join(ROOT, dirname(file), from)));
}

test('imports go one way', async (t) => {
  for (const file of files.filter((path) => path.startsWith('src/'))) {
    const part = partOf(file);
    for (const { from } of importsOf(file).filter((entry) => entry.from.startsWith('.'))) {
      const other = partOf(target(file, from));
      const allowed = other === part || MAY_IMPORT[part]?.includes(other);
      t.ok(allowed, `${file} may import ${from}`);
    }
  }
});

test('the page takes only types from the server', async (t) => {
  for (const file of files.filter((path) => path.startsWith('web/'))) {
    for (const { from, typeOnly } of importsOf(file)) {
      const outside = from.startsWith('.') && !target(file, from).startsWith('web/');
      const allowed = TYPES_FOR_THE_PAGE.some(([to, of]) => file.startsWith(to) && target(file, from).startsWith(of));
      if (outside) t.ok(typeOnly && allowed, `${file} imports only types from ${from}`);
      if (file.startsWith('web/sdk/'))
        t.ok(from.startsWith('.'), `${file}: the client library needs no package ${from}`);
    }
  }
});

test('packages stay behind the file that knows them', async (t) => {
  for (const file of files.filter((path) => path.startsWith('src/'))) {
    for (const { from } of importsOf(file)) {
      const places = ONLY_IN[from];
      if (places !== undefined)
        t.ok(
          places.some((place) => file.startsWith(place)),
          `${file} may import ${from}`,
        );
    }
  }
});

test('nothing but the clock tells the time', async (t) => {
  for (const file of files.filter((path) => path.startsWith('src/') && !MAY_TELL_TIME.includes(path))) {
    const code = text(file).replace(/\/\*.*?\*\/|\/\/.*$/gms, '');
    t.notMatch(code, TIME, `${file} takes its time from a clock`);
  }
});

test('a media worker loads neither werift nor the web server', async (t) => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { from, typeOnly } of importsOf(file)) {
      if (typeOnly) continue;
      if (from.startsWith('.')) visit(target(file, from));
      else if (!from.startsWith('node:')) packages.add(from);
    }
  };
  visit('src/media/worker/thread.ts');
  t.same([...packages], ['@discordjs/opus']);
});

test('files are small', async (t) => {
  for (const file of files) {
    const lines = text(file).split('\n').length;
    t.ok(lines <= MAX_LINES, `${file} has ${lines} lines`);
  }
});

test('no file imports itself by a detour', async (t) => {
  const graph = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => target(file, from)),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      t.fail(`import cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.ok(done.size >= files.length, 'every file was looked at');
});
