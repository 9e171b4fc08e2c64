import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { tapPath } from '../../scripts/test/bundle-tap.mjs';
import { runFile, runGroup } from '../../scripts/test/run-file.mjs';

/** Blocks its thread for ever, without a load for the machine. */
const HANG = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
const PASS = `console.log('TAP version 14\\nok 1 - a\\n1..1');`;

async function run(t: Test, code: string, timeoutMs = 60_000, exitMs = 60_000) {
  const directory = t.testdir({ 'file.mjs': code });
  const options = { cwd: directory, env: process.env, timeoutMs, lastWordsMs: 0, exitMs };
  return runFile(join(directory, 'file.mjs'), options);
}

test('a file that passes', async (t) => {
  t.match(await run(t, PASS), { passed: 1, failed: [], problem: null, errorOutput: '' });
});

test('a failing test is the failure, and not its file as well', async (t) => {
  const code = `console.log('TAP version 14\\nnot ok 1 - a\\n1..1'); process.exitCode = 1;`;
  t.match(await run(t, code), { passed: 0, failed: ['a'], problem: null });
});

test('a file that crashes', async (t) => {
  t.match(await run(t, `${PASS} throw new Error('broken');`), {
    passed: 1,
    problem: 'ended with exit code 1',
    errorOutput: /broken/,
  });
  t.match(await run(t, `${PASS} process.exit(0);`), { passed: 1, problem: null });
  t.match(await run(t, `console.log('ok 1 - a'); process.exit(0);`), { passed: 1, problem: 'not complete: no plan' });
  t.match(await run(t, 'process.exit(0);'), { passed: 0, problem: 'has no tests' });
  t.match(await run(t, `process.kill(process.pid, 'SIGKILL');`), { problem: 'ended by SIGKILL, has no tests' });
  t.match(await run(t, 'a syntax error'), {
    problem: 'ended with exit code 1, has no tests',
    errorOutput: /SyntaxError/,
  });
});

test('a file that does not end is stopped', async (t) => {
  t.match(await run(t, HANG, 500), { problem: 'did not end within 0.5 s, ended by SIGKILL, has no tests' });
  t.match(await run(t, `${PASS} setInterval(() => {}, 1000);`, 2000), {
    passed: 1,
    problem: 'did not end within 2 s, ended by SIGKILL',
  });
});

test('a process that hangs after its last test is ended, and its results count', async (t) => {
  const code = `console.log('TAP version 14'); process.on('exit', () => { ${PASS} ${HANG} });`;
  t.match(await run(t, code, 60_000, 200), { passed: 1, failed: [], problem: null });
  const planFirst = `console.log('TAP version 14\\n1..1\\nok 1 - a'); ${HANG}`;
  t.match(await run(t, planFirst, 1000, 200), { problem: 'did not end within 1 s, ended by SIGKILL' });
});

test('processes that a file has started end with it', async (t) => {
  const server = createServer();
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gone = once(server, 'connection').then(([socket]) =>
    once(
      (socket as Socket).resume().on('error', () => {}),
      'close',
    ),
  );
  const { port } = server.address() as AddressInfo;
  const program = `require('node:net').connect(${port}, '127.0.0.1', () => console.log('connected'));`;
  const code = `
    import { once } from 'node:events';
    import { spawn } from 'node:child_process';
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(program)}], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    ${PASS}
    process.exit(0);`;
  t.match(await run(t, code), { passed: 1, problem: null });
  await gone;
});

const TAP = tapPath(fileURLToPath(new URL('../../.tap/compiled', import.meta.url)));

async function group(t: Test, files: Readonly<Record<string, string>>, timeoutMs = 60_000) {
  const imports = `import { test } from ${JSON.stringify(TAP)};`;
  const directory = t.testdir(Object.fromEntries(Object.entries(files).map(([name, code]) => [name, imports + code])));
  const paths = Object.fromEntries(Object.keys(files).map((name) => [name, join(directory, name)]));
  return runGroup(TAP, paths, { cwd: directory, env: process.env, timeoutMs, lastWordsMs: 0 });
}

test('several files in one process have results of their own', async (t) => {
  const results = await group(t, {
    'a.mjs': `test('one', async (t) => t.ok(process.pid > 0)); test('two', async (t) => { t.comment(process.pid); t.pass(); });`,
    'b.mjs': `test('bad', async (t) => { t.comment(process.pid); t.equal(1, 2); }); test('good', async (t) => t.pass());`,
    'c.mjs': `test('later', { skip: 'no sound' }, async (t) => t.pass());`,
    'd.mjs': `throw new Error('broken');`,
    'e.mjs': '',
  });
  t.match(results.get('a.mjs'), { passed: 2, failed: [], problem: null });
  t.match(results.get('b.mjs'), { passed: 1, failed: ['bad'], problem: null });
  t.equal(results.get('b.mjs')!.comments[0], results.get('a.mjs')!.comments[0], 'the same process');
  t.match(results.get('c.mjs'), { skipped: [{ title: 'later', reason: 'no sound' }] });
  t.match(results.get('d.mjs')!.failed, [/broken/]);
  t.equal(results.get('e.mjs')!.problem, 'has no tests');
});

test('a group that does not end as it should has no results', async (t) => {
  const good = `test('good', async (t) => t.pass());`;
  // tap still reports that.
  const ended = await group(t, { 'a.mjs': good, 'b.mjs': 'process.exit(3);', 'c.mjs': good });
  t.same([...ended.keys()], ['a.mjs', 'b.mjs']);
  t.ok(ended.get('b.mjs')!.failed.length > 0);
  for (const code of ['process.kill(process.pid, "SIGKILL");', HANG]) {
    t.same([...(await group(t, { 'a.mjs': good, 'b.mjs': code }, 2000)).keys()], [], code);
  }
});
