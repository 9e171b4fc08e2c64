import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { makeSelfSigned } from '../../src/server/tls/self-signed.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MEDIA = ['--media-host', '127.0.0.1', '--media-port', '0'];
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARTYLINE_')));

interface Run {
  readonly child: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  /** Resolves with the address of the page. */
  readonly ready: Promise<string>;
  readonly exitCode: Promise<number | null>;
}

function run(file: string, args: readonly string[], { env = {}, nodeArgs = [] as string[] } = {}): Run {
  const child = spawn(process.execPath, [...nodeArgs, file, ...args], { env: { ...ENVIRONMENT, ...env } });
  let output = '';
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  const ready = new Promise<string>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += data;
      const [, url] = /ready: open (http\S+\/)/.exec(output) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    exitCode.then((code) => reject(new Error(`ended with ${code} before it was ready: ${output}`)));
  });
  ready.catch(() => {});
  return { child, output: () => output, ready, exitCode };
}

test('the built server', async (t) => {
  // Each of these tests waits for processes of its own.
  t.jobs = 3;
  const file = join(BUILT_SERVER, 'main.js');

  t.test('prints its help and its version', { buffered: true }, async (t) => {
    const help = run(file, ['--help']);
    t.equal(await help.exitCode, 0);
    t.match(help.output(), '--media-port N');
    const version = run(file, ['--version']);
    t.equal(await version.exitCode, 0);
    const { version: number } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    t.match(
      version.output(),
      `partyline ${number} (${process.platform}-${process.arch}, Node ${process.versions.node})\n`,
    );
  });

  t.test('makes tokens and hashes, one line each, or ends with 2 and says why not', { buffered: true }, async (t) => {
    const env = { PARTYLINE_TOKEN_SECRET: 'a secret that is long enough to sign with' };
    const token = run(file, ['token', '--room', 'lobby', '--identity', 'ada'], { env });
    t.equal(await token.exitCode, 0);
    t.match(token.output(), /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const wrong = run(file, ['token', '--room', 'lobby', '--identify', 'ada'], { env });
    t.equal(await wrong.exitCode, 2);
    t.equal(wrong.output(), "partyline: Unknown option '--identify'; see token --help.\n");
    const password = run(file, ['password']);
    password.child.stdin?.end('open sesame\n');
    t.equal(await password.exitCode, 0);
    t.match(password.output(), /^scrypt:15:8:1:[\w-]+:[\w-]+\n$/);
  });

  t.test(
    'checks a setup, even where the codec cannot be loaded, and prints the ports',
    { buffered: true },
    async (t) => {
      const planted = `import M from 'node:module'; const load = M._load; M._load = (name, ...rest) => {
      if (name === '@discordjs/opus') throw new Error('planted'); return load(name, ...rest); };`;
      const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(planted)}`];
      const broken = run(file, ['check', '--port', '0', ...MEDIA], { nodeArgs });
      t.equal(await broken.exitCode, 1);
      t.match(broken.output(), /^fail {2}Opus: The codec does not work: planted\. Run "npm ci"/m);
      t.match(broken.output(), /, 1 fail\n$/);
      const wrong = run(file, ['check', '--port', 'many']);
      t.equal(await wrong.exitCode, 2);
      t.match(wrong.output(), 'partyline: port cannot be "many"');
      const ports = run(file, ['ports', '--workers', '1']);
      t.equal(await ports.exitCode, 0);
      t.match(ports.output(), /^40000 +UDP +in /m);
    },
  );

  t.test('ends with 2 and says what is wrong with its settings', { buffered: true }, async (t) => {
    const wrong = run(file, ['--port', 'many'], { env: { PARTYLINE_WORKER: '1' } });
    t.equal(await wrong.exitCode, 2);
    t.match(wrong.output(), 'partyline: port cannot be "many" (from the flag --port); expected an integer');
    t.match(wrong.output(), 'partyline: Unknown variable PARTYLINE_WORKER; did you mean PARTYLINE_WORKERS?');
  });

  t.test(
    'ends with 2 if its settings lead to something unusable, so that no supervisor restarts it',
    { buffered: true },
    async (t) => {
      const flags = ['--port', '0', '--workers', '0', ...MEDIA, '--room-passwords', 'a!b=x'];
      const [server, check] = [run(file, flags), run(file, ['check', ...flags])];
      t.equal(await server.exitCode, 2);
      t.match(server.output(), 'room-passwords cannot be used: \\"a!b\\" is not a valid room name.');
      t.equal(await check.exitCode, 2);
      t.match(check.output(), 'room-passwords cannot be used: "a!b" is not a valid room name.');
    },
  );

  t.test(
    'warns of a file with a secret that everybody can change, and so does the check',
    { buffered: true },
    async (t) => {
      const secret = join(t.testdir({ secret: 'QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0' }), 'secret');
      chmodSync(secret, 0o666);
      const flags = ['--port', '0', '--workers', '0', ...MEDIA, '--admin-token-file', secret];
      const server = run(file, flags);
      t.teardown(() => server.child.kill('SIGKILL'));
      await server.ready;
      t.match(server.output(), /"level":"warn".*Every user of this machine can change/);
      const check = run(file, ['check', ...flags]);
      t.equal(await check.exitCode, 0);
      t.match(check.output(), /^warn {2}secrets: Every user of this machine can change/m);
    },
  );

  t.test('ends with 1 and says so if its port is in use', { buffered: true }, async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.teardown(() => other.close());
    const { port } = other.address() as AddressInfo;
    const second = run(file, ['--port', String(port), ...MEDIA]);
    t.equal(await second.exitCode, 1);
    t.match(
      second.output(),
      `Port ${port} on 127.0.0.1 is in use by another program. Choose another address or port with --host and --port.`,
    );
    t.notMatch(second.output(), 'stack');
  });

  for (const workers of ['0', '1']) {
    t.test(
      `starts with --workers ${workers}, serves the page, and closes cleanly on SIGTERM`,
      { buffered: true },
      async (t) => {
        const startMs = performance.now();
        const server = run(file, ['--port', '0', '--workers', workers, ...MEDIA]);
        t.teardown(() => server.child.kill('SIGKILL'));
        const url = await server.ready;
        t.comment(`ready after ${Math.round(performance.now() - startMs)} ms`);
        const html = await (await fetch(url)).text();
        const [, script] = /<script type="module" src="\/([^"]+)"/.exec(html) ?? [];
        const answer = await fetch(url + script, { headers: { 'accept-encoding': 'gzip, br' } });
        t.match(answer.headers.get('cache-control'), 'immutable');
        t.equal(answer.headers.get('content-encoding'), 'br');
        const start = await answer.text();
        const parts = [...start.matchAll(/import"(\/[^"]+)"/g)].map(async ([, path]) =>
          (await fetch(new URL(path!, url))).text(),
        );
        t.match([start, ...(await Promise.all(parts))].join(''), 'The page has no #app.');
        const ada = await SignalingClient.open(`${url.replace('http', 'ws')}ws`);
        await ada.join('lobby', 'Ada');
        server.child.kill('SIGTERM');
        await ada.next('server_closing');
        t.match(await ada.closed, { code: 1012 });
        t.equal(await server.exitCode, 0);
        const lines = server
          .output()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
        const lifecycle = ['room opened', 'participant joined', 'closing', 'server closed'];
        t.strictSame(
          lines.map(({ msg }) => msg).filter((message: string) => lifecycle.includes(message)),
          lifecycle,
        );
        t.notMatch(server.output(), 'oken');
      },
    );
  }

  t.test(
    'serves HTTPS with its own certificate files, and reads them again on SIGHUP',
    { buffered: true },
    async (t) => {
      const files = t.testdir();
      const [cert, key] = [join(files, 'cert.pem'), join(files, 'key.pem')];
      const put = async () => {
        const { chainPem, keyPem } = await makeSelfSigned(['localhost'], Date.now());
        writeFileSync(cert, chainPem);
        writeFileSync(key, keyPem);
      };
      await put();
      const flags = ['--tls-cert', cert, '--tls-key', key, '--host', '127.0.0.1', '--port', '0', '--workers', '0'];
      const server = run(file, [...flags, ...MEDIA]);
      t.teardown(() => server.child.kill('SIGKILL'));
      t.match(await server.ready, /^https:\/\/127\.0\.0\.1:\d+\/$/);
      await put();
      server.child.kill('SIGHUP');
      while (!server.output().includes('"certificate replaced"')) await once(server.child.stdout!, 'data');
      server.child.kill('SIGTERM');
      t.equal(await server.exitCode, 0);
    },
  );

  t.test('continues after SIGHUP if there is nothing to reload, and says so', { buffered: true }, async (t) => {
    const server = run(file, ['--port', '0', '--workers', '0', ...MEDIA]);
    t.teardown(() => server.child.kill('SIGKILL'));
    const url = await server.ready;
    server.child.kill('SIGHUP');
    while (!server.output().includes('"nothing to reload')) await once(server.child.stdout!, 'data');
    t.equal((await fetch(`${url}healthz`)).status, 200);
    server.child.kill('SIGTERM');
    t.equal(await server.exitCode, 0);
  });

  t.test('ends with 0 when it is draining and the last participant has left', { buffered: true }, async (t) => {
    const token = 'an-admin-token-of-32-characters.';
    const { ready, exitCode } = run(file, ['--port', '0', '--workers', '0', '--admin-token', token, ...MEDIA]);
    const url = await ready;
    const client = await SignalingClient.open(`${url.replace('http', 'ws')}ws`);
    await client.join('lobby', 'Ada');
    const headers = { authorization: `Bearer ${token}` };
    const drain = await fetch(`${url}api/v1/server/drain`, { method: 'POST', headers });
    t.equal(drain.status, 200);
    await client.next('server_draining');
    client.send({ type: 'leave' });
    t.equal(await exitCode, 0);
  });

  t.test('ends at once on a second signal', { buffered: true }, async (t) => {
    const server = run(file, ['--port', '0', '--workers', '0', '--shutdown-grace-ms', '60000', ...MEDIA]);
    t.teardown(() => server.child.kill('SIGKILL'));
    const stuck = await SignalingClient.open(`${(await server.ready).replace('http', 'ws')}ws`);
    t.teardown(() => stuck.socket.terminate());
    stuck.socket.pause();
    server.child.kill('SIGINT');
    while (!server.output().includes('"closing"')) await once(server.child.stdout!, 'data');
    server.child.kill('SIGINT');
    t.equal(await server.exitCode, 1);
    t.match(server.output(), 'shutting down immediately');
  });

  for (const fault of ["throw new Error('planted')", "Promise.reject(new Error('planted'))"]) {
    t.test(`logs "${fault}" and ends with 1`, { buffered: true }, async (t) => {
      const nodeArgs = ['--import', `data:text/javascript,process.on('SIGUSR2', () => { ${fault} })`];
      const server = run(file, ['--port', '0', '--workers', '0', ...MEDIA], { nodeArgs });
      t.teardown(() => server.child.kill('SIGKILL'));
      await server.ready;
      server.child.kill('SIGUSR2');
      t.equal(await server.exitCode, 1);
      t.match(server.output(), /"level":"fatal".*planted/);
    });
  }
});
