import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { type AcmeDirectory, startAcmeDirectory } from '../helpers/acme-directory.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { type Mounts, missingForMounts, ReleasedBinary, type Run } from '../helpers/released-binary.ts';
import { certificateShown, trusting } from '../helpers/secure-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { untilGood } from '../helpers/until-good.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_BYTES = 90_000_000;
/** Half a second is the goal. This machine may be slow. */
const MAX_START_MS = 3000;
const AUDIBLE_DBFS = -30;
const INAUDIBLE_DBFS = -50;
const FLAGS = ['--port', '0', '--media-host', '127.0.0.1', '--media-port', '0', '--workers', '1'];
const NAME = 'voice.partyline.test';
const missing = missingPackages(['binutils', 'util-linux']);

test('the one-file executable', { skip: skipIfMissing(missing) }, async (t) => {
  const binary = ReleasedBinary.create();
  t.teardown(() => binary.close());
  const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

  t.test('contains licences, notices, sample configuration and unit, and is smaller than 90 MB', async (t) => {
    const files = readdirSync(binary.folder);
    for (const name of ['LICENSE', 'README.md', 'SECURITY.md', 'config.sample.toml', 'docs', 'deploy', 'partyline'])
      t.ok(files.includes(name), `${name} is in the archive`);
    const notices = readFileSync(join(binary.folder, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const name of ['werift', '@discordjs/opus', 'node-addon-api', 'preact', 'acme-client', 'Node.js'])
      t.match(notices, new RegExp(`^${name} [\\d.]+`, 'm'), `${name} is in the notices`);
    t.match(notices, 'Xiph.Org', 'so is libopus');
    t.notMatch(notices, /^(esbuild|tap|typescript) /m, 'and nothing that is only used for building');
    const { size } = statSync(join(binary.folder, 'partyline'));
    t.comment(`${(size / 1e6).toFixed(1)} MB`);
    t.ok(size < MAX_BYTES);
    t.notOk(readFileSync(join(binary.folder, 'partyline')).includes(ROOT), 'it does not reveal where it was built');
  });

  t.test('prints version and platform; a wrong flag ends it with 2', async (t) => {
    const asked = binary.run({ args: ['--version'] });
    t.equal(await asked.exitCode, 0);
    const { platform, arch, versions } = process;
    // No further output: V8 accepts the compiled code inside.
    t.equal(asked.output(), `partyline ${version} (${platform}-${arch}, Node ${versions.node})\n`);
    const wrong = binary.run({ args: ['--prot', '80'] });
    t.equal(await wrong.exitCode, 2);
    t.match(wrong.output(), /^partyline: .*--prot/);
  });

  t.test('is heard by browsers from an empty directory without a home; SIGTERM ends it with 0', async (t) => {
    const server = binary.run({ args: FLAGS });
    t.teardown(() => server.child.kill('SIGKILL'));
    const { url, afterMs } = await server.ready;
    t.comment(`listening after ${Math.round(afterMs)} ms`);
    t.ok(afterMs < MAX_START_MS);
    const page = await fetch(url);
    t.match(page.headers.get('content-type'), 'text/html');
    const [, script] = /<script type="module" src="\/([^"]+)"/.exec(await page.text()) ?? [];
    const codeOf = async (name: string) => {
      const code = await fetch(url + name, { headers: { 'accept-encoding': 'br' } });
      t.match(code.headers.get('content-type'), 'text/javascript');
      t.equal(code.headers.get('content-encoding'), 'br');
      return code.text();
    };
    const start = await codeOf(script!);
    const parts = [...start.matchAll(/import"\/([^"]+)"/g)].map(([, name]) => codeOf(name!));
    t.match([start, ...(await Promise.all(parts))].join(''), '#app');

    const room = { url: `${url.replace('http', 'ws')}ws`, room: 'lobby' };
    const ada = await WeriftParticipant.join({ ...room, name: 'Ada' });
    t.teardown(() => ada.close());
    const ben = await WeriftParticipant.join({ ...room, name: 'Ben' });
    t.teardown(() => ben.close());
    ada.say(toneSound(440));
    ben.say(toneSound(880));
    const listen = async () => {
      const marks = [ada.hearing.mark(), ben.hearing.mark()];
      await sleep(500);
      const [toAda, toBen] = [ada.hearing.sound(marks[0]), ben.hearing.sound(marks[1])];
      return {
        'Ada hears Ben': heardTone(toAda, 880).usuallyDbfs > AUDIBLE_DBFS,
        'Ada does not hear herself': heardTone(toAda, 440).usuallyDbfs < INAUDIBLE_DBFS,
        'Ben hears Ada': heardTone(toBen, 440).usuallyDbfs > AUDIBLE_DBFS,
      };
    };
    const heard = await untilGood(listen, (facts) => Object.values(facts).every(Boolean));
    for (const [fact, isTrue] of Object.entries(heard)) t.ok(isTrue, fact);
    await endsBySigterm(t, server);
  });

  t.test('serves HTTPS and WSS with a self-made certificate; SIGHUP does not end it', async (t) => {
    const server = binary.run({ args: [...FLAGS, '--tls', 'self-signed', '--data-dir', binary.makeFolder()] });
    t.teardown(() => server.child.kill('SIGKILL'));
    const port = Number(new URL((await server.ready).url).port);
    const { fingerprint256 } = await certificateShown(port, 'localhost');
    t.match(server.output(), `"fingerprint":"${fingerprint256}"`);
    await joinsSecurely(port, 'localhost');
    server.child.kill('SIGHUP');
    while (!server.output().includes('nothing to reload')) await once(server.child.stdout!, 'data');
    await endsBySigterm(t, server);
  });

  const noPebble = missingPackages(['pebble']);
  t.test(
    'gets a certificate by ACME, keeps it private, and still has it after a restart',
    {
      skip: skipIfMissing(noPebble),
    },
    async (t) => {
      const port = await freePort();
      const directory = await startAcmeDirectory({ httpPort: await freePort(), tlsPort: port });
      t.teardown(() => directory.close());
      const dataDir = binary.makeFolder();
      const args = ['--domain', NAME, '--host', '127.0.0.1', ...acmeFlags(directory, binary.makeFolder())];
      const run = () => binary.run({ args: [...FLAGS, ...args, '--port', `${port}`, '--data-dir', dataDir] });
      const first = run();
      t.teardown(() => first.child.kill('SIGKILL'));
      const { url, afterMs } = await first.ready;
      t.comment(`listening with a certificate after ${Math.round(afterMs)} ms`);
      t.equal(url, `https://${NAME}/`);
      const ca = await directory.root();
      await joinsSecurely(port, NAME, ca);
      const { fingerprint256 } = await certificateShown(port, NAME);
      await endsBySigterm(t, first);

      const kept = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pem'));
      t.equal(kept.length, 2, "the account's key, and the certificate with its key");
      for (const name of kept) t.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);

      const second = run();
      t.teardown(() => second.child.kill('SIGKILL'));
      await second.ready;
      await joinsSecurely(port, NAME, ca);
      t.equal((await certificateShown(port, NAME)).fingerprint256, fingerprint256);
      t.notMatch(second.output(), 'requesting a certificate');
      t.equal(directory.issued(), 1);
      await endsBySigterm(t, second);
    },
  );

  // Each case leaves a different place from which the codec can be loaded.
  const cases: readonly { title: string; env: Record<string, string>; mounts: Mounts }[] = [
    { title: 'a read-only home', env: { HOME: '/mnt/home' }, mounts: { '/mnt': 'rw', '/mnt/home': 'ro' } },
    {
      title: 'a noexec home and temporary directory',
      env: { HOME: '/mnt/home', TMPDIR: '/mnt/tmp' },
      mounts: { '/mnt': 'rw', '/mnt/home/.cache': 'noexec', '/mnt/tmp': 'noexec' },
    },
    {
      title: 'only its own directory to load from',
      env: { HOME: '/mnt/home', TMPDIR: '/mnt/tmp' },
      mounts: { '/mnt': 'rw', '/mnt/home/.cache': 'noexec', '/mnt/tmp': 'noexec', '/dev/shm': 'noexec' },
    },
  ];
  const noMounts = missingForMounts();
  for (const { title, env, mounts } of cases) {
    t.test(`carries a conversation with ${title}`, { skip: skipIfMissing(noMounts) }, async (t) => {
      const server = binary.run({ args: FLAGS, env, mounts });
      t.teardown(() => server.child.kill('SIGKILL'));
      const { url } = await server.ready;
      const room = { url: `${url.replace('http', 'ws')}ws`, room: 'lobby' };
      const ada = await LightTalker.join({ ...room, name: 'Ada', frequencyHz: 440 });
      t.teardown(() => ada.close());
      const ben = await LightTalker.join({ ...room, name: 'Ben', frequencyHz: 880 });
      t.teardown(() => ben.close());
      const quietestDbfs = await untilGood(
        async () => Math.min(...(await Promise.all([ada.hearDbfs(880, 400), ben.hearDbfs(440, 400)]))),
        (dbfs) => dbfs > AUDIBLE_DBFS,
      );
      t.ok(quietestDbfs > AUDIBLE_DBFS, 'they hear each other');
      await endsBySigterm(t, server);
      const left = readdirSync(server.place).filter((name) => name.startsWith('partyline-'));
      t.strictSame(left, [], 'nothing is left behind');
    });
  }

  t.test('says so and ends with 1 if no directory can be used', { skip: skipIfMissing(noMounts) }, async (t) => {
    const server = binary.run({
      args: FLAGS,
      env: { HOME: '/mnt/home', TMPDIR: '/mnt/tmp' },
      mounts: { '/mnt': 'ro', '/dev/shm': 'noexec' },
      isSealed: true,
    });
    t.equal(await server.exitCode, 1);
    t.match(server.output(), 'code cannot be loaded from any directory');
  });
});

/** Flags for a private directory. In `folder`, the user of the runs may read the root certificate of that directory. */
function acmeFlags({ url, caFile }: AcmeDirectory, folder: string): readonly string[] {
  const readable = join(folder, 'ca.pem');
  copyFileSync(caFile, readable);
  return ['--http-port', '0', '--acme-directory', url, '--acme-ca', readable];
}

/**
 * Rejects if the page under this name does not answer, or nobody can join. Without `ca`, any certificate is accepted.
 */
async function joinsSecurely(port: number, name: string, ca?: string): Promise<void> {
  const client = await SignalingClient.open(`wss://127.0.0.1:${port}/ws`, {}, trusting(ca, name));
  await client.join('lobby', 'Ada');
  client.socket.terminate();
}

async function endsBySigterm(t: Test, { child, exitCode }: Run): Promise<void> {
  child.kill('SIGTERM');
  t.equal(await exitCode, 0, 'SIGTERM ends it with 0');
}
