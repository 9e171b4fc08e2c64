import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseToml } from 'smol-toml';
import { test } from 'tap';
import { parse as parseYaml } from 'yaml';
import { readCommand } from '../../src/config/config.ts';
import { flagName, SETTING_KEYS, variableName } from '../../src/config/settings.ts';
import { ADMIN_COMMANDS, adminCommand } from '../../src/main/admin-commands.ts';
import { captureCommand } from '../../src/main/capture.ts';
import { checkCommand } from '../../src/main/check.ts';
import { healthcheckCommand } from '../../src/main/healthcheck.ts';
import { installCommand } from '../../src/main/install.ts';
import { portsCommand } from '../../src/main/ports.ts';
import { tokenCommand } from '../../src/main/token.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MACHINE = { cores: 2, ipv6: true, dataDir: '/var/lib/partyline' };
/** Flags of the tools that documents mention beside Partyline. */
const FLAGS_OF_OTHERS: ReadonlySet<string> = new Set([
  '--enable-heuristic', // Wireshark
  '--chmod', // Docker
  '--chown',
  ...['--interval', '--timeout', '--start-period', '--retries'],
  '--from',
  '--now', // systemctl
  '--check', // sha256sum
  '--ignore-missing',
  '--deploy-hook', // certbot
  '--static-auth-secret', // coturn
  ...['--bind', '--appendonly', '--maxmemory-policy'], // valkey-server
  '--from-literal', // kubectl
  '--network-caching', // VLC
]);

const deployed = filesIn('deploy');
/** The documents that operators read. Benchmarks have their own flags. */
const documents = ['README.md', 'SECURITY.md', ...filesIn('docs').filter((file) => extname(file) === '.md')].filter(
  (file) => file !== 'docs/benchmarks.md',
);

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function text(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Every flag of every command, according to their help. */
async function knownFlags(): Promise<Set<string>> {
  const input = { argv: ['--help'], env: {}, machine: MACHINE };
  const nowhere = { write: () => {} };
  const helps = [
    await tokenCommand(input, 0),
    portsCommand(input),
    (await checkCommand(input, new FakeClock())).text,
    (await captureCommand(input, nowhere)).text,
    (await healthcheckCommand(input)).text,
    (await installCommand(input, { executable: null, folder: '', isRoot: false, run: async () => {} })).text,
    ...(await Promise.all(ADMIN_COMMANDS.map(async (name) => (await adminCommand(name, input)).text))),
  ];
  const ofServer = ['config', 'help', 'version', ...SETTING_KEYS.map(flagName)].map((name) => `--${name}`);
  return new Set([...ofServer, ...helps.flatMap(flagsIn)]);
}

function flagsIn(given: string): string[] {
  // Except what follows "npm run bench --", which has its own flags.
  const ours = given.replace(/npm run (?:bench|fuzz) .*/g, '');
  return [...ours.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag);
}

test('every flag in the documents exists', async (t) => {
  const known = await knownFlags();
  for (const file of [...documents, ...deployed]) {
    const unknown = flagsIn(text(file)).filter((flag) => !known.has(flag) && !FLAGS_OF_OTHERS.has(flag));
    t.same([...new Set(unknown)], [], file);
  }
});

test('every variable in the documents exists', async (t) => {
  const known = new Set(['config', ...SETTING_KEYS].map(variableName));
  for (const file of [...documents, ...deployed]) {
    const named = [...text(file).matchAll(/\bPARTYLINE_[A-Z][A-Z_]*[A-Z]\b/g)].map(([name]) => name);
    t.same(
      named.filter((name) => !known.has(name)),
      [],
      file,
    );
  }
});

test('every key of the configuration file in the documents exists', async (t) => {
  const known = new Set(SETTING_KEYS.map(flagName));
  for (const file of documents) {
    for (const [, block] of text(file).matchAll(/```toml\n(.*?)```/gs)) {
      const unknown = Object.keys(parseToml(block!)).filter((key) => !known.has(key));
      t.same(unknown, [], file);
    }
  }
});

test('every metric in the documents exists', async (t) => {
  const sources = [...filesIn('src/admin'), 'src/media/statistics.ts'].map(text).join('\n');
  const known = new Set([...sources.matchAll(/\bpartyline_[a-z0-9_]*[a-z0-9]\b/g)].map(([name]) => name));
  for (const file of documents) {
    const named = [...text(file).matchAll(/\bpartyline_[a-z0-9_]*[a-z0-9]\b/g)].map(([name]) =>
      name.replace(/_(?:bucket|sum|count)$/, ''),
    );
    t.same(
      [...new Set(named)].filter((name) => !known.has(name)),
      [],
      file,
    );
  }
});

test('the settings in the compose file start a server', async (t) => {
  const { services } = parseYaml(text('deploy/docker/compose.yaml')) as {
    services: { partyline: { environment: Record<string, string>; ports: string[] } };
  };
  const { PARTYLINE_TURN_SECRET_FILE: file, ...environment } = services.partyline.environment;
  t.ok(file);
  const directory = t.testdir({ 'turn.secret': 'a secret that is long enough' });
  const env = { ...environment, PARTYLINE_TURN_SECRET_FILE: join(directory, 'turn.secret') };
  const command = readCommand({ argv: [], env, machine: MACHINE });
  t.equal(command.kind, 'serve');
  if (command.kind !== 'serve') return;
  const { port, httpPort, mediaPort, workers } = command.config;
  t.same(services.partyline.ports, [`${httpPort}:80/tcp`, `${port}:443/tcp`, `${mediaPort}:443/udp`]);
  t.equal(workers, 1, 'and it needs no other port');
});

test('links in documents lead somewhere', async (t) => {
  for (const file of documents) {
    const folder = join(ROOT, file, '..');
    const targets = [...text(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target]) => target!);
    const missing = targets.filter((target) => {
      try {
        readdirSync(join(folder, target));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
      }
    });
    t.same(missing, [], file);
  }
});
