import { type CommandInput, type Config, ConfigError, readCommand } from '../config/config.ts';
import { tlsModeOf } from '../config/tls.ts';
import type { Clock } from '../lib/clock.ts';
import { isLocalHost } from '../lib/net/local-addresses.ts';
import { AccessControl } from '../rooms/access.ts';
import { mumbleSettings } from '../server/mumble.ts';
import { coupledRooms } from '../server/mumble-upstream.ts';
import { defaultTeams } from '../server/options.ts';
import { accessError, StartError } from '../server/start-error.ts';
import { readAcmeRoot } from '../server/tls/page-tls.ts';
import { checkAddresses } from './check/addresses.ts';
import { checkClock } from './check/clock.ts';
import { checkCluster } from './check/cluster.ts';
import { checkDataDirectory } from './check/data-directory.ts';
import { checkHttps } from './check/https.ts';
import { checkMachine } from './check/machine.ts';
import { checkMumble } from './check/mumble.ts';
import { checkMumbleUpstream } from './check/mumble-upstream.ts';
import { checkPorts } from './check/ports.ts';
import type { CheckInput, CheckResult } from './check/result.ts';
import { checkSignIn } from './check/sign-in.ts';
import { checkTracing } from './check/tracing.ts';
import { checkTurn } from './check/turn.ts';
import { checkUser } from './check/user.ts';

const HELP = `Checks a setup and prints one line for each check: ok, warn or fail.

Usage: partyline check [--json] [--flag VALUE]…

Accepts the server's flags, variables and configuration file. The server may be running or not.
Sends traffic only to the TURN servers (--turn-urls), to another Mumble server
(--mumble-upstream), to the engine of a cluster (--cluster-engine), to the receiver of
traces (--trace-url), to the provider for signing in (--oidc-issuer), and to port 443 of
--domain and --allow-hosts.
Exit code: 0 if no check fails, 1 if one does, 2 for invalid settings.

  --json    Prints one JSON array of {"name", "status", "text"}.
  --help    Shows this text.
`;
const EXIT_FAILED = 1;

export interface CheckOutcome {
  readonly text: string;
  readonly exitCode: number;
}

/** The output of `partyline check`. Rejects with `ConfigError`. */
export async function checkCommand(input: CommandInput, clock: Clock): Promise<CheckOutcome> {
  const argv = input.argv.filter((flag) => flag !== '--json');
  const command = readCommand({ ...input, argv });
  if (command.kind !== 'serve') return { text: HELP, exitCode: 0 };
  await useSettings(command.config, clock);
  const results = [...(await check({ config: command.config, clock })), ...secretFiles(command.warnings)];
  const failed = results.some(({ status }) => status === 'fail');
  const text = argv.length < input.argv.length ? `${JSON.stringify(results)}\n` : table(results);
  return { text, exitCode: failed ? EXIT_FAILED : 0 };
}

/** Rejects with `ConfigError` if these settings would prevent the server from starting. */
async function useSettings(config: Config, clock: Clock): Promise<void> {
  const { access: mode, tokenSecret, roomPasswords, registeredNames, moderators, acmeCa } = config;
  try {
    new AccessControl({ mode, tokenSecret, roomPasswords, registeredNames, moderators, clock }).close();
    defaultTeams(config);
    mumbleSettings(config);
    coupledRooms(config);
    if (acmeCa !== '') await readAcmeRoot(acmeCa);
  } catch (error) {
    throw error instanceof StartError
      ? new ConfigError([error.message])
      : new ConfigError([accessError(error).message]);
  }
}

function secretFiles(warnings: readonly string[]): CheckResult[] {
  return warnings.map((text) => ({ name: 'secrets', status: 'warn', text }));
}

async function check(input: CheckInput): Promise<readonly CheckResult[]> {
  const machine = await checkMachine(input);
  const [ports, mumble, upstream, addresses, https, turn] = await Promise.all([
    checkPorts(input),
    checkMumble(input),
    checkMumbleUpstream(input),
    checkAddresses(input),
    checkHttps(input),
    checkTurn(input),
  ]);
  const [clock, data, cluster, traces, signIn] = await Promise.all([
    checkClock(input),
    checkDataDirectory(input),
    checkCluster(input),
    checkTracing(input),
    checkSignIn(input),
  ]);
  const settings: CheckResult = { name: 'settings', status: 'ok', text: 'The settings are valid.' };
  const own = [
    settings,
    clock,
    ...data,
    ...ports,
    ...mumble,
    ...upstream,
    ...proxy(input.config),
    ...cluster,
    ...traces,
    ...signIn,
    ...checkUser(input),
    addresses,
  ];
  return [...own, ...https, access(input.config), ...turn, ...machine];
}

/** A page on loopback that has a public name must be behind a reverse proxy. */
function proxy(config: Config): CheckResult[] {
  const { host, allowHosts, trustProxy, unixSocket } = config;
  const isLocal = isLocalHost(host);
  if (tlsModeOf(config) !== 'off' || !isLocal || allowHosts.length === 0 || trustProxy.length > 0) return [];
  const text = `The page listens on ${unixSocket === '' ? host : unixSocket} and has a name, so there must be a reverse proxy in front of it. Set --trust-proxy to the proxy's address, otherwise all its visitors count as one address.`;
  return [{ name: 'reverse proxy', status: 'warn', text }];
}

function access({ access: mode, roomPasswords }: Config): CheckResult {
  const locked = Object.keys(roomPasswords).length;
  const text =
    mode === 'token'
      ? 'People with a join token may join; the secret is set.'
      : `Anyone who can reach the page may join any room${locked === 0 ? '' : `, except ${locked} with a password`}.`;
  return { name: 'access', status: 'ok', text };
}

function table(results: readonly CheckResult[]): string {
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  const lines = results.map(({ status, name, text }) => `${status.padEnd(4)}  ${name}: ${text}`);
  return `${[...lines, '', `${count('ok')} ok, ${count('warn')} warn, ${count('fail')} fail`].join('\n')}\n`;
}
