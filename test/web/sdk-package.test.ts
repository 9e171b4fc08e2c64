import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { test } from 'tap';
import { buildServedSdk } from '../../scripts/sdk.mjs';
import { installPackage } from '../helpers/sdk-package.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const require = createRequire(import.meta.url);
/** Gzipped, minified, as an application's build would. */
const MAX_BYTES = 12 * 1024;
const MAX_EMBED_BYTES = 2 * 1024;

test('the package', async (t) => {
  const { project, installed, tarball, files } = await installPackage(t.testdir());
  const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

  t.test('it contains the code, the types and the documents, and has the version of the server', async (t) => {
    t.same(
      files.map(({ path }) => path).sort(),
      [
        ...[
          'LICENSE',
          'README.md',
          'bot.d.ts',
          'bot.js',
          'bot.js.map',
          'index.d.ts',
          'index.js',
          'index.js.map',
          'package.json',
          ...['', '-threads'].flatMap((part) =>
            ['js', 'js.map', 'd.ts'].map((kind) => `websocket-media${part}.${kind}`),
          ),
        ],
      ].sort(),
    );
    const { version, dependencies } = readJson(join(installed, 'package.json'));
    t.equal(version, readJson(join(ROOT, 'package.json'))['version']);
    t.equal(dependencies, undefined);
  });

  t.test('an application that imports all of it grows by no more than 12 kB', async (t) => {
    const { outputFiles } = await build({
      stdin: { contents: `import * as all from '@partyline/client'; console.log(all);`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
    });
    const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
    t.comment(`${bytes} bytes gzipped`);
    t.ok(bytes <= MAX_BYTES, `${bytes} bytes`);
  });

  t.test('what is not used is left out', async (t) => {
    const { outputFiles } = await build({
      stdin: { contents: `import '@partyline/client';`, resolveDir: project },
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    t.notMatch(outputFiles[0]?.text, /WebSocket/);
  });

  t.test('its types import nothing', async (t) => {
    for (const name of ['index', 'bot', 'websocket-media'])
      t.notMatch(readFileSync(join(installed, `${name}.d.ts`), 'utf8'), /\bimport\b|\brequire\b|\/\/\/ ?</, name);
  });

  for (const [name, compiler] of [
    ['5.0', 'typescript50/bin/tsc'],
    ['5.9', 'typescript/bin/tsc'],
    ['7', 'typescript7/bin/tsc'],
  ] as const)
    for (const resolution of ['node16', 'bundler'])
      t.test(`a project with TypeScript ${name} and ${resolution} resolution compiles with them`, async (t) => {
        const folder = join(project, `${name}-${resolution}`);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
        writeFileSync(join(folder, 'app.ts'), USER);
        writeFileSync(
          join(folder, 'tsconfig.json'),
          JSON.stringify({
            compilerOptions: {
              target: 'ES2022',
              lib: ['ES2022', 'DOM'],
              strict: true,
              noEmit: true,
              skipLibCheck: false,
              // Those of the compiler itself are none of our business, and most of the work.
              skipDefaultLibCheck: true,
              types: [],
              module: resolution === 'node16' ? 'node16' : 'esnext',
              moduleResolution: resolution,
            },
          }),
        );
        await t.resolves(compile(compiler, folder));
      });

  t.test('the linters of packages have no complaint', async (t) => {
    const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);
    await t.resolves(run(bin('publint'), ['--strict', installed]));
    await t.resolves(run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji']));
  });
});

test('the script that puts the page into a frame is tiny', async (t) => {
  const folder = t.testdir();
  await buildServedSdk(folder);
  const bytes = gzipSync(readFileSync(join(folder, 'embed.js')), { level: 9 }).length;
  t.comment(`${bytes} bytes gzipped`);
  t.ok(bytes <= MAX_EMBED_BYTES, `${bytes} bytes`);
});

/** What the examples of the documents use, with the types that they must have. */
const USER = `import { DeviceError, VoiceError, VoiceRoom, type ErrorCode, type Participant } from '@partyline/client';
import { WebSocketMedia } from '@partyline/client/websocket-media';
const media = new WebSocketMedia({ threads: '/threads.js', onVia: (via) => console.log(via) });
const voice = new VoiceRoom({ environment: media.environment });
voice.on('activeSpeakers', (people: readonly Participant[]) => people.map(({ name }) => name));
const stop: () => void = voice.once('state', ({ status }) => console.log(status));
const full: ErrorCode = 'room_full';
// @ts-expect-error there is no such code
const wrong: ErrorCode = 'room_fool';
// @ts-expect-error there is no such event
voice.on('nothing', () => {});
export async function join(): Promise<void> {
  try {
    await voice.connect('https://voice.example.org', { room: 'lobby', name: 'Ada', token: async () => 'x' });
    await voice.setMicrophoneEnabled(true);
    await voice.people.get('x')?.kick(60);
  } catch (error) {
    if (error instanceof DeviceError) console.log(error.code === 'denied');
    if (error instanceof VoiceError) console.log(error.code === full, wrong, stop);
  }
}
`;

async function compile(compiler: string, folder: string): Promise<void> {
  const [name = ''] = compiler.split('/');
  const home = join(dirname(require.resolve(`${name}/package.json`)), compiler.slice(name.length + 1));
  const { stdout } = await run(process.execPath, [home, '-p', folder]).catch((thrown: { stdout?: string }) => {
    throw new Error(thrown.stdout);
  });
  if (stdout !== '') throw new Error(stdout);
}
