/** Installs the executable as a service of systemd, and removes it. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CommandInput, ConfigError } from '../config/config.ts';
import { isHostName } from '../lib/net/host-port.ts';
import type { CheckOutcome } from './check.ts';
import { portsCommand } from './ports.ts';
import { EXIT_FAILED, readOwnFlags } from './running-server.ts';

const HELP = `Installs this executable as a service of systemd, or shows what that would do.

Usage: partyline install [--domain NAME] [--yes]
       partyline uninstall [--purge] [--yes]

Without --yes nothing is changed: both say what they would do. An existing configuration and existing
secrets stay as they are. Install again to replace the executable and the unit by newer ones.

  --domain NAME             The public name of the server, for a certificate.
  --purge                   Also removes the configuration, secrets, certificates, rooms and bans.
  --root DIRECTORY          Works in this directory as if it were /, and starts and stops nothing.
  --yes                     Does it.
  --help                    Shows this text.
`;
const NAME = 'partyline';
const EXECUTABLE = '/usr/local/bin/partyline';
const UNIT = '/etc/systemd/system/partyline.service';
const DROP_IN = '/etc/systemd/system/partyline.service.d/install.conf';
const CONFIG_DIRECTORY = '/etc/partyline';
const CONFIG = `${CONFIG_DIRECTORY}/partyline.toml`;
/** systemd links the second to the first for units with DynamicUser=. */
const STATE = ['/var/lib/private/partyline', '/var/lib/partyline'] as const;
const CACHE = ['/var/cache/private/partyline', '/var/cache/partyline'];
/** Secrets that are made: the file, the credential and the setting's variable. */
const SECRETS = [
  ['token.secret', 'token-secret', 'PARTYLINE_TOKEN_SECRET_FILE'],
  ['admin.token', 'admin-token', 'PARTYLINE_ADMIN_TOKEN_FILE'],
] as const;

interface Step {
  readonly says: string;
  run(): Promise<unknown>;
}

export interface InstallDeps {
  /** The file that is installed; null if this process is not the one-file executable. */
  readonly executable: string | null;
  /** Has `deploy/systemd`: the folder of the archive or of the sources. */
  readonly folder: string;
  /** Whether this process may change the system. */
  readonly isRoot: boolean;
  /** Runs a program. Rejects with an `Error` if it fails. */
  readonly run: (program: string, argv: readonly string[]) => Promise<void>;
}

/** The output of `partyline install`. Rejects with `ConfigError`. */
export async function installCommand(input: CommandInput, deps: InstallDeps): Promise<CheckOutcome> {
  const { flags, help, argv } = readOwnFlags(input.argv, ['domain', 'root'], ['yes']);
  if (help) return { text: HELP, exitCode: 0 };
  const { domain, root = '' } = flags;
  const problems = unexpected(argv);
  if (domain !== undefined && (!isHostName(domain) || domain !== domain.toLowerCase()))
    problems.push('--domain must be a host name in lower case.');
  const unit = await readFile(join(deps.folder, 'deploy/systemd/partyline.service'), 'utf8').catch(() => undefined);
  if (unit === undefined)
    problems.push(
      `install needs deploy/systemd/partyline.service, which is not in ${deps.folder}; run it from the archive.`,
    );
  const { executable } = deps;
  if (executable === null)
    problems.push('install is a command of the one-file executable, which "npm run release" makes.');
  if (problems.length > 0 || unit === undefined || executable === null) throw new ConfigError(problems);
  const at = (path: string) => join(root, path);
  const steps: Step[] = [
    {
      says: `copy ${executable} to ${at(EXECUTABLE)}`,
      run: () => replaceExecutable(executable, at(EXECUTABLE)),
    },
    ...(existsSync(at(CONFIG))
      ? []
      : [{ says: `write ${at(CONFIG)}`, run: () => put(at(CONFIG), configFor(domain), 0o644) }]),
    ...SECRETS.filter(([file]) => !existsSync(at(`${CONFIG_DIRECTORY}/${file}`))).map(([file]) => ({
      says: `make a secret in ${at(`${CONFIG_DIRECTORY}/${file}`)}, which only root can read`,
      run: () => put(at(`${CONFIG_DIRECTORY}/${file}`), `${randomBytes(32).toString('hex')}\n`, 0o600),
    })),
    {
      says: `write the unit ${at(UNIT)}, which runs as a user of its own and may use ports below 1024`,
      run: () => put(at(UNIT), unit, 0o644),
    },
    { says: `write ${at(DROP_IN)}, which hands the secrets to it`, run: () => put(at(DROP_IN), dropIn(), 0o644) },
    ...(root === ''
      ? [program(deps, 'systemctl', ['daemon-reload']), program(deps, 'systemctl', ['enable', '--now', NAME])]
      : []),
  ];
  const ports = portsCommand({
    ...input,
    argv: domain === undefined ? [] : ['--domain', domain, '--data-dir', STATE[1]],
    env: {},
  });
  const after = [
    'Open these ports in the firewall, and forward them if the machine is behind NAT. This command does not change firewalls.',
    ports,
    `With ufw:       ${ufw(ports)}`,
    `With firewalld: ${firewalld(ports)}`,
    `Settings are in ${CONFIG}; "systemctl reload partyline" applies them. The log: journalctl -u partyline`,
  ].join('\n');
  return perform(steps, { isForReal: flags.yes === true, deps, root, after });
}

/** The output of `partyline uninstall`. Rejects with `ConfigError`. */
export async function uninstallCommand(input: CommandInput, deps: InstallDeps): Promise<CheckOutcome> {
  const { flags, help, argv } = readOwnFlags(input.argv, ['root'], ['yes', 'purge']);
  if (help) return { text: HELP, exitCode: 0 };
  const problems = unexpected(argv);
  if (problems.length > 0) throw new ConfigError(problems);
  const { root = '' } = flags;
  const kept = [CONFIG_DIRECTORY, ...STATE, ...CACHE].map((path) => join(root, path));
  const paths = [UNIT, dirname(DROP_IN), EXECUTABLE].map((path) => join(root, path));
  const removed = [...paths, ...(flags.purge === true ? kept : [])].filter((path) => existsSync(path));
  const stops = root === '' && existsSync(UNIT);
  const steps: Step[] = [
    ...(stops ? [program(deps, 'systemctl', ['disable', '--now', NAME])] : []),
    ...removed.map((path) => ({ says: `remove ${path}`, run: () => rm(path, { recursive: true, force: true }) })),
    ...(stops ? [program(deps, 'systemctl', ['daemon-reload'])] : []),
  ];
  const left = flags.purge === true ? [] : kept.filter((path) => existsSync(path));
  const after = left.length === 0 ? '' : `These stay; --purge removes them, too: ${left.join(', ')}`;
  return perform(steps, { isForReal: flags.yes === true, deps, root, after });
}

interface Performance {
  readonly isForReal: boolean;
  readonly deps: InstallDeps;
  readonly root: string;
  /** What the operator should know then. */
  readonly after: string;
}

async function perform(steps: readonly Step[], { isForReal, deps, root, after }: Performance): Promise<CheckOutcome> {
  const list = (all: readonly Step[]) => all.map(({ says }) => `  ${says}\n`).join('');
  const tail = after === '' ? '' : `\n${after.trimEnd()}\n`;
  if (steps.length === 0) return { text: `There is nothing to do.\n${tail}`, exitCode: 0 };
  if (!isForReal) return { text: `With --yes, this will:\n${list(steps)}${tail}`, exitCode: 0 };
  if (!deps.isRoot && root === '') return { text: 'partyline: this needs root; use sudo.\n', exitCode: EXIT_FAILED };
  const done: Step[] = [];
  for (const step of steps) {
    try {
      await step.run();
    } catch (error) {
      const text = `${list(done)}partyline: this failed: ${step.says}: ${(error as Error).message}. Nothing after it was done.\n`;
      return { text, exitCode: EXIT_FAILED };
    }
    done.push(step);
  }
  return { text: `Done:\n${list(done)}${tail}`, exitCode: 0 };
}

function program({ run }: InstallDeps, name: string, argv: readonly string[]): Step {
  return { says: `run ${name} ${argv.join(' ')}`, run: () => run(name, argv) };
}

function unexpected(argv: readonly string[]): string[] {
  return argv.map((text) => `Unexpected argument ${JSON.stringify(text)}; see install --help.`);
}

/** A running process keeps the file that it was started from. */
async function replaceExecutable(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const draft = `${to}.new`;
  await copyFile(from, draft);
  await chmod(draft, 0o755);
  await rename(draft, to);
}

async function put(file: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
  await chmod(file, mode);
}

function configFor(domain: string | undefined): string {
  const lines = [
    '# Settings of Partyline. "partyline --help" and config.sample.toml list all of them.',
    ...(domain === undefined ? ['# domain = ["voice.example.org"]'] : [`domain = [${JSON.stringify(domain)}]`]),
    // The commands of root find the secrets with these; the service gets them as credentials.
    ...SECRETS.map(([file, setting]) => `${setting}-file = "${CONFIG_DIRECTORY}/${file}"`),
  ];
  return `${lines.join('\n')}\n`;
}

function dropIn(): string {
  const lines = SECRETS.flatMap(([file, credential, variable]) => [
    `LoadCredential=${credential}:${CONFIG_DIRECTORY}/${file}`,
    `Environment=${variable}=%d/${credential}`,
  ]);
  return `# Written by "partyline install".\n[Service]\n${lines.join('\n')}\n`;
}

/** Each port once, as `443/tcp`. */
function openings(ports: string): string[] {
  const found = ports.matchAll(/^(\d+)\s+(TCP|UDP)\s+in\b/gm);
  return [...new Set(Array.from(found, ([, port, protocol]) => `${port}/${protocol?.toLowerCase()}`))];
}

function ufw(ports: string): string {
  return openings(ports)
    .map((opening) => `ufw allow ${opening}`)
    .join('; ');
}

function firewalld(ports: string): string {
  const added = openings(ports).map((opening) => `--add-port=${opening}`);
  return `firewall-cmd --permanent ${added.join(' ')}; firewall-cmd --reload`;
}
