import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

const GROUND = ['src/lib/', 'src/formats/'];
const RTC = ['src/rtc/'];
const MIXER = ['src/mixer/'];
const PLANE = [
  ...['src/media/plane.ts', 'src/media/relayed.ts', 'src/media/endpoint.ts', 'src/media/statistics.ts'],
  ...['src/media/other-servers.ts', 'src/media/seat-events.ts'],
];
const CONTROL_PLANE_GROUND = ['src/lib/', 'src/protocol/'];

/**
 * The folders a file may import from, by the first prefix that matches its path. A folder may always import from
 * itself, unless its row begins with "only".
 */
const MAY_IMPORT: readonly (readonly [from: string, to: readonly string[]])[] = [
  ['src/lib/', []],
  ['src/formats/', ['src/lib/']],
  ['src/protocol/', ['src/lib/']],
  // RTP payloads <-> mixed payloads.
  ['src/mixer/kernels/', [...GROUND, 'src/mixer/format.ts']],
  ['src/mixer/codec/', [...GROUND, 'src/mixer/format.ts', 'src/mixer/kernels/']],
  ['src/mixer/source/', [...GROUND, 'src/mixer/format.ts', 'src/mixer/kernels/', 'src/mixer/codec/']],
  ['src/mixer/space/', GROUND],
  [
    'src/mixer/mix/',
    [
      ...[...GROUND, 'src/mixer/format.ts', 'src/mixer/kernels/', 'src/mixer/codec/', 'src/mixer/source/'],
      'src/mixer/space/',
    ],
  ],
  ['src/mixer/format.ts', []],
  // Bytes of the network <-> RTP packets.
  ['src/rtc/rtp/', GROUND],
  ['src/rtc/net/', GROUND],
  ['src/rtc/ice/', [...GROUND, 'src/rtc/net/']],
  ['src/rtc/srtp/', [...GROUND, 'src/rtc/rtp/']],
  ['src/rtc/dtls/', GROUND],
  ['src/rtc/sdp/', GROUND],
  ['src/rtc/', [...GROUND, ...RTC]],
  // The media plane.
  ['src/media/statistics.ts', GROUND],
  ['src/media/other-servers.ts', GROUND],
  ['src/media/seat-events.ts', ['src/media/endpoint.ts']],
  ['src/media/endpoint.ts', [...GROUND, ...RTC]],
  ['src/media/relayed.ts', [...GROUND, ...MIXER, ...PLANE]],
  ['src/media/plane.ts', [...GROUND, ...MIXER, ...RTC, ...PLANE]],
  ['src/media/negotiation.ts', [...GROUND, 'src/rtc/sdp/', ...PLANE]],
  ['src/media/link/', [...GROUND, ...MIXER, ...RTC, ...PLANE]],
  ['src/media/worker/', [...GROUND, ...MIXER, ...RTC, ...PLANE, 'src/media/link/']],
  ['src/media/control/', [...GROUND, ...MIXER, ...RTC, ...PLANE, 'src/media/link/']],
  // The control plane.
  ['src/rooms/', [...CONTROL_PLANE_GROUND, ...PLANE]],
  ['src/signaling/', [...CONTROL_PLANE_GROUND, 'src/media/negotiation.ts', 'src/rooms/']],
  ['src/http/', [...CONTROL_PLANE_GROUND, ...PLANE]],
  // Bytes of Mumble's network <-> its messages and voice packets.
  ['src/gateways/mumble/wire/', ['src/lib/']],
  // What clients of this server and this server as a client have in common.
  [
    'src/gateways/mumble/shared/',
    [...CONTROL_PLANE_GROUND, ...PLANE, 'src/formats/', 'src/rooms/', 'src/gateways/mumble/wire/'],
  ],
  [
    'src/gateways/mumble-upstream/',
    [
      ...[...CONTROL_PLANE_GROUND, ...PLANE, 'src/formats/', 'src/rooms/'],
      ...['src/gateways/mumble/wire/', 'src/gateways/mumble/shared/'],
    ],
  ],
  // Packets without a browser's connection around them.
  [
    'src/gateways/rtp/',
    [...[...CONTROL_PLANE_GROUND, ...PLANE, 'src/formats/', 'src/rooms/'], ...['src/rtc/rtp/', 'src/rtc/srtp/']],
  ],
  [
    'src/gateways/',
    [...CONTROL_PLANE_GROUND, ...PLANE, 'src/formats/', 'src/media/negotiation.ts', 'src/rooms/', 'src/http/'],
  ],
  ['src/admin/', [...CONTROL_PLANE_GROUND, ...PLANE, 'src/formats/', 'src/rooms/', 'src/http/']],
  ['src/recording/', [...CONTROL_PLANE_GROUND, ...PLANE, 'src/formats/', 'src/rooms/']],
  ['src/store/', [...CONTROL_PLANE_GROUND, 'src/rooms/', 'src/cluster/engine.ts']],
  ['src/cluster/', ['src/lib/', 'src/rooms/ports.ts']],
  ['src/config/', ['src/lib/']],
  ['src/server/', ['src/']],
  ['src/main/', ['src/', 'package.json']],
];
/** Only `main` sees the assembled parts. */
const ONLY_FROM_MAIN = ['src/main/', 'src/server/'];
/** The files that may use a package that only one place should know. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  '@redis/client': ['src/cluster/redis-engine.ts'],
  '@discordjs/opus': ['src/mixer/codec/opus.ts'],
  werift: ['src/rtc/dtls/'],
  ws: [
    'src/cluster/passed-clients.ts',
    'src/lib/net/web-socket-door.ts',
    'src/signaling/',
    'src/admin/control/',
    'src/gateways/bots/',
    'src/gateways/websocket/',
  ],
  koa: ['src/http/', 'src/admin/', 'src/gateways/'],
  '@koa/router': ['src/admin/api/'],
  '@koa/bodyparser': ['src/admin/api/'],
  jose: ['src/rooms/'],
  'openid-client': ['src/gateways/sign-in/'],
  'acme-client': ['src/server/tls/'],
  '@peculiar/x509': ['src/server/tls/'],
  'prom-client': ['src/admin/metrics/'],
  yazl: ['src/recording/'],
  aws4fetch: ['src/recording/upload/'],
};
const TIME = new Set(['Date.now', 'performance.now', 'setTimeout', 'setInterval', 'setImmediate', 'new Date']);
const MAY_TELL_TIME = ['src/lib/clock.ts'];
const MAX_LINES = 400;
const WORKER_THREAD = 'src/media/worker/thread.ts';

interface Import {
  readonly from: string;
  /** Type imports, which do not exist at run time. */
  readonly typeOnly: boolean;
}

interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Calls and constructors that read the time. */
  readonly times: readonly string[];
}

/** Statements that import or export from a file. The formatter puts nothing else at the beginning of a line like this. */
const LOADS = /^(?:import\s[^;]*|export\s+(?:type\s+)?(?:\*|\{[^}]*\}\s*from)[^;]*);$/gm;
/** Words without which nothing inside a statement loads a file or reads the time. */
const INSIDE = /\bimport\(|\bloadAddon\b/;
const INSIDE_SRC = /\bimport\(|\bloadAddon\b|\b(?:Date|performance|setTimeout|setInterval|setImmediate)\b/;

const files: readonly SourceFile[] = ['src', 'web', 'bench', 'test', 'examples'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    // Declarations are written by scripts.
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => read(join(folder, name))),
);
const server = files.filter(({ path }) => path.startsWith('src/'));
const byPath = new Map(files.map((file) => [file.path, file]));

function read(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const isWhole = (path.startsWith('src/') ? INSIDE_SRC : INSIDE).test(text);
  // Parsing every file in full takes seconds.
  const parsed = isWhole ? text : (text.match(LOADS) ?? []).join('\n');
  const kind = path.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const tree = ts.createSourceFile(path, parsed, ts.ScriptTarget.Latest, false, kind);
  const imports: Import[] = [];
  const times: string[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== undefined) imports.push(found);
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const called = `${ts.isNewExpression(node) ? 'new ' : ''}${nameOf(node.expression)}`;
      if (TIME.has(called)) times.push(called);
    }
    if (isWhole || node === tree) ts.forEachChild(node, visit);
  };
  visit(tree);
  return { path, lines: text.trimEnd().split('\n').length, imports, times };
}

/** Imports via `import`, `export … from`, `import('…')` as an expression and as a type, and addons loaded by name. */
function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause;
    const names = clause?.namedBindings;
    const onlyTypes =
      clause?.isTypeOnly === true ||
      (clause !== undefined &&
        clause.name === undefined &&
        names !== undefined &&
        ts.isNamedImports(names) &&
        names.elements.length > 0 &&
        names.elements.every(({ isTypeOnly }) => isTypeOnly));
    return { from: textOf(node.moduleSpecifier), typeOnly: onlyTypes };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
    return { from: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return { from: textOf(node.argument.literal), typeOnly: true };
  if (!ts.isCallExpression(node) || node.arguments.length === 0) return undefined;
  const [first] = node.arguments;
  if (first === undefined || !ts.isStringLiteral(first)) return undefined;
  const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || nameOf(node.expression) === 'loadAddon';
  return loads ? { from: first.text, typeOnly: false } : undefined;
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : '';
}

function nameOf(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) return `${nameOf(node.expression)}.${node.name.text}`;
  return '';
}

function target(file: SourceFile, from: string): string {
  return relative(ROOT, normalize(join(ROOT, dirname(file.path), from)));
}

function localImports(file: SourceFile): { readonly to: string; readonly typeOnly: boolean }[] {
  return file.imports
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from, typeOnly }) => ({ to: target(file, from), typeOnly }));
}

test('imports go one way', async (t) => {
  const wrong: string[] = [];
  for (const file of server) {
    const row = MAY_IMPORT.find(([from]) => file.path.startsWith(from));
    if (row === undefined) {
      wrong.push(`${file.path} is not in one of the known folders`);
      continue;
    }
    const [own, others] = row;
    for (const { to } of localImports(file)) {
      const allowed = [own, ...others].some((place) => to.startsWith(place));
      const intoMain = ONLY_FROM_MAIN.some((place) => to.startsWith(place) && !file.path.startsWith(place));
      const allowedThere = !intoMain || file.path.startsWith('src/main/');
      if (!allowed || !allowedThere) wrong.push(`${file.path} may not import ${to}`);
    }
  }
  t.same(wrong, []);
});

test('every import leads to a file', async (t) => {
  for (const file of files)
    for (const { to } of localImports(file)) if (!existsSync(join(ROOT, to))) t.fail(`${file.path} imports ${to}`);
});

test('tests mirror the folders of the code they test', async (t) => {
  const folders = new Set(server.map(({ path }) => dirname(path).replace(/^src/, 'test')));
  const others = ['test', 'test/bench', 'test/binary', 'test/deploy', 'test/e2e', 'test/fuzz', 'test/helpers'];
  const known = [...folders, ...others, 'test/interop', 'test/web', 'test/scripts', 'test/examples'];
  const strays = files.filter(({ path }) => {
    const folder = dirname(path);
    const isKnown = known.some((place) => `${folder}/`.startsWith(`${place}/`) || place.startsWith(`${folder}/`));
    return path.endsWith('.test.ts') && !isKnown;
  });
  t.same(
    strays.map(({ path }) => path),
    [],
  );
});

test('the pages import only protocol types from the server', async (t) => {
  for (const file of files.filter(({ path }) => path.startsWith('web/'))) {
    for (const { from, typeOnly } of file.imports) {
      const to = target(file, from);
      if (from.startsWith('.') && !to.startsWith('web/'))
        t.ok(typeOnly && to.startsWith('src/protocol/'), `${file.path} imports only types from ${from}`);
      if (file.path.startsWith('web/sdk/'))
        t.ok(from.startsWith('.'), `${file.path}: the client library needs no package ${from}`);
    }
  }
});

test('an example imports only the client library, as a game would, and only tests import examples', async (t) => {
  for (const file of files) {
    const [, example] = /^(examples\/[^/]+\/)/.exec(file.path) ?? [];
    for (const { to } of localImports(file)) {
      if (example === undefined)
        t.ok(!to.startsWith('examples/') || file.path.startsWith('test/'), `${file.path} may import ${to}`);
      else
        t.ok(
          [example, 'examples/page-server.ts', 'web/sdk/'].some((place) => to.startsWith(place)),
          `${file.path} may import ${to}`,
        );
    }
  }
});

test('the types of the client library are self-contained', async (t) => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: SourceFile | undefined): void => {
    if (file === undefined || seen.has(file.path)) return;
    seen.add(file.path);
    for (const { from } of file.imports) {
      if (from.startsWith('.')) visit(byPath.get(target(file, from)));
      else packages.add(from);
    }
  };
  for (const file of files.filter(({ path }) => path.startsWith('web/sdk/'))) visit(file);
  t.same([...packages], []);
});

test('packages stay behind the files that know them', async (t) => {
  for (const file of server) {
    for (const { from } of file.imports) {
      const places = ONLY_IN[from];
      if (places === undefined) continue;
      t.ok(
        places.some((place) => file.path.startsWith(place)),
        `${file.path} may import ${from}`,
      );
    }
  }
});

test('only the clock reads the time', async (t) => {
  const others = server.filter(({ path, times }) => times.length > 0 && !MAY_TELL_TIME.includes(path));
  t.same(
    others.map(({ path, times }) => `${path}: ${times}`),
    [],
  );
});

test('a media worker loads neither werift nor the web server', async (t) => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: SourceFile | undefined): void => {
    if (file === undefined || seen.has(file.path)) return;
    seen.add(file.path);
    for (const { from, typeOnly } of file.imports) {
      if (typeOnly) continue;
      if (from.startsWith('.')) visit(byPath.get(target(file, from)));
      else if (!from.startsWith('node:')) packages.add(from);
    }
  };
  visit(byPath.get(WORKER_THREAD));
  t.same([...packages], ['@discordjs/opus']);
});

test('files are small', async (t) => {
  const large = files.filter(
    // Tables of texts are as long as there are texts.
    ({ path, lines }) => lines > MAX_LINES && !path.startsWith('test/') && !path.startsWith('web/app/locales/'),
  );
  t.same(
    large.map(({ path, lines }) => `${path} has ${lines} lines`),
    [],
  );
});

test('there are no import cycles', async (t) => {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) {
      t.fail(`import cycle: ${[...way.slice(way.indexOf(path)), path].join(' -> ')}`);
      return;
    }
    const file = byPath.get(path);
    if (done.has(path) || file === undefined) return;
    for (const { to, typeOnly } of localImports(file)) if (!typeOnly) visit(to, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  t.equal(done.size, files.length, 'every file was looked at');
});
