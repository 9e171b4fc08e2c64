import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { ConfigError, readCommand } from '../../src/config/config.ts';
import { type InstallDeps, installCommand, uninstallCommand } from '../../src/main/install.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';

const SOURCES = fileURLToPath(new URL('../..', import.meta.url));
const machine = { cores: 1, ipv6: false, dataDir: '' };

function setUp(t: Test, more: Partial<InstallDeps> = {}) {
  const directory = t.testdir({ root: {}, partyline: '#!/bin/sh\necho new\n' });
  const root = join(directory, 'root');
  const ran: string[] = [];
  const deps: InstallDeps = {
    executable: join(directory, 'partyline'),
    folder: SOURCES,
    isRoot: true,
    run: async (program, argv) => void ran.push([program, ...argv].join(' ')),
    ...more,
  };
  const at = (path: string) => join(root, path);
  const install = (...argv: string[]) => installCommand({ argv: ['--root', root, ...argv], env: {}, machine }, deps);
  const uninstall = (...argv: string[]) =>
    uninstallCommand({ argv: ['--root', root, ...argv], env: {}, machine }, deps);
  return { root, at, install, uninstall, ran, deps };
}

const mode = (file: string) => statSync(file).mode & 0o777;

test('an installation says first what it will do, then does that, and keeps what is there when it is repeated', async (t) => {
  const { root, at, install, ran } = setUp(t);
  const plan = await install('--domain', 'voice.example.org');
  t.match(plan, { text: /^With --yes, this will:\n {2}copy .*\/usr\/local\/bin\/partyline\n/, exitCode: 0 });
  t.match(plan.text, /ufw allow 443\/tcp/);
  t.match(plan.text, /--add-port=443\/udp/);
  t.match(plan.text, /ufw allow 80\/tcp/);
  t.notOk(existsSync(at('/etc')), 'and nothing is done');

  const done = await install('--domain', 'voice.example.org', '--yes');
  t.equal(done.exitCode, 0);
  t.equal(done.text, plan.text.replace('With --yes, this will:', 'Done:'), 'exactly what was said');
  t.equal(mode(at('/usr/local/bin/partyline')), 0o755);
  t.match(readFileSync(at('/usr/local/bin/partyline'), 'utf8'), 'echo new');
  const secrets = ['token.secret', 'admin.token'].map((name) => at(`/etc/partyline/${name}`));
  for (const file of secrets) {
    t.equal(mode(file), 0o600);
    t.match(readFileSync(file, 'utf8'), /^[0-9a-f]{64}\n$/);
  }
  t.not(...(secrets.map((file) => readFileSync(file, 'utf8')) as [string, string]));
  const toml = readFileSync(at('/etc/partyline/partyline.toml'), 'utf8');
  t.match(toml, 'domain = ["voice.example.org"]');
  const here = join(root, 'here.toml');
  writeFileSync(here, toml.replaceAll('/etc/partyline', at('/etc/partyline')));
  const command = readCommand({ argv: ['--config', here, '--data-dir', root], env: {}, machine });
  t.match(command, {
    kind: 'serve',
    config: { domain: ['voice.example.org'], adminToken: /^[0-9a-f]{64}$/ },
    warnings: [],
  });
  const unit = readFileSync(at('/etc/systemd/system/partyline.service'), 'utf8');
  t.equal(unit, readFileSync(join(SOURCES, 'deploy/systemd/partyline.service'), 'utf8'));
  t.match(
    readFileSync(at('/etc/systemd/system/partyline.service.d/install.conf'), 'utf8'),
    'LoadCredential=admin-token:/etc/partyline/admin.token\nEnvironment=PARTYLINE_ADMIN_TOKEN_FILE=%d/admin-token',
  );
  t.strictSame(ran, [], 'in another root nothing is started');

  const before = secrets.map((file) => readFileSync(file, 'utf8'));
  writeFileSync(at('/etc/partyline/partyline.toml'), '# mine\n');
  const again = await install('--yes');
  t.notMatch(again.text, /partyline\.toml\n|make a secret/);
  t.equal(readFileSync(at('/etc/partyline/partyline.toml'), 'utf8'), '# mine\n');
  t.strictSame(
    secrets.map((file) => readFileSync(file, 'utf8')),
    before,
  );
});

test('what was installed is removed, and what cannot be made again only with --purge', async (t) => {
  const { at, install, uninstall } = setUp(t);
  t.match(await uninstall('--yes'), { text: /nothing to do/, exitCode: 0 });
  await install('--yes');
  mkdirSync(at('/var/lib/private/partyline'), { recursive: true });
  const plan = await uninstall();
  t.match(plan.text, /With --yes, this will:\n {2}remove .*partyline\.service\n/);
  t.match(plan.text, /These stay; --purge removes them, too: .*\/etc\/partyline, .*\/var\/lib\/private\/partyline/);
  t.ok(existsSync(at('/usr/local/bin/partyline')), 'nothing is done yet');
  await uninstall('--yes');
  for (const path of [
    '/usr/local/bin/partyline',
    '/etc/systemd/system/partyline.service',
    '/etc/systemd/system/partyline.service.d',
  ])
    t.notOk(existsSync(at(path)), path);
  t.ok(existsSync(at('/etc/partyline/token.secret')));
  await uninstall('--purge', '--yes');
  t.notOk(existsSync(at('/etc/partyline')));
  t.notOk(existsSync(at('/var/lib/private/partyline')));
});

test('what keeps it from working is told', async (t) => {
  const { install, root, at, deps } = setUp(t);
  const problemsOf = (running: Promise<unknown>) =>
    running.then(
      () => [],
      (error: unknown) => (error instanceof ConfigError ? error.problems : [String(error)]),
    );
  t.match(await problemsOf(install('--domain', 'Voice')), [/host name in lower case/]);
  t.match(await problemsOf(install('--port', '1')), [/Unexpected argument "--port"/, /Unexpected/]);
  t.match(await problemsOf(uninstallCommand({ argv: ['all'], env: {}, machine }, deps)), [/Unexpected argument "all"/]);
  const run = (more: Partial<InstallDeps>, ...argv: string[]) =>
    installCommand({ argv, env: {}, machine }, { ...deps, ...more });
  t.match(await problemsOf(run({ folder: root })), [/deploy\/systemd\/partyline\.service, which is not in/]);
  t.match(await problemsOf(run({ executable: null })), [/one-file executable/]);
  t.match(await run({ isRoot: false }, '--yes'), { text: /needs root; use sudo/, exitCode: 1 });
  mkdirSync(at('/usr/local/bin/partyline'), { recursive: true });
  t.match(await install('--yes'), { text: /^partyline: this failed: copy .*Nothing after it was done/, exitCode: 1 });
  t.notOk(existsSync(at('/etc/partyline')));
});

test('systemd accepts the unit with its credentials as installed', {
  skip: skipIfMissing(missingPackages(['systemd'])),
}, async (t) => {
  const { root, install } = setUp(t);
  await install('--yes');
  const env = { ...process.env, SYSTEMD_PAGER: '' };
  const { stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['cat-config', '--root', root, 'systemd/system/partyline.service'],
    { encoding: 'utf8', env },
  );
  const verified = spawnSync(
    'systemd-analyze',
    ['verify', '--recursive-errors=no', join(root, 'etc/systemd/system/partyline.service')],
    { encoding: 'utf8', env },
  );
  t.notMatch(`${stdout}${stderr}`, /Failed to parse/);
  const own = verified.stderr
    .split('\n')
    .filter((line) => /partyline\.service/.test(line) && !/not executable|No such file/.test(line));
  t.strictSame(own, []);
});
