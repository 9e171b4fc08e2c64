import manifest from '../../package.json' with { type: 'json' };
import { type CommandInput, type Config, ConfigError, readCommand } from '../config/config.ts';
import { thisMachine } from '../config/machine.ts';
import { createAssets } from '../http/assets.ts';
import { systemClock } from '../lib/clock.ts';
import { createLogger } from '../lib/log.ts';
import { standardOutput } from '../lib/log-output.ts';
import { packagedFiles, threadCode } from '../lib/packaged.ts';
import { giveBackMemory } from '../lib/spare-memory.ts';
import { createServer } from '../server/server.ts';
import { ADMIN_COMMANDS, adminCommand } from './admin-commands.ts';
import { captureCommand } from './capture.ts';
import { type CheckOutcome, checkCommand } from './check.ts';
import { controlTokenCommand } from './control-token.ts';
import { healthcheckCommand } from './healthcheck.ts';
import { installCommand, uninstallCommand } from './install.ts';
import { passwordCommand } from './password.ts';
import { portsCommand } from './ports.ts';
import { ProcessEnd } from './process-end.ts';
import { becomeUser, processUser } from './process-user.ts';
import { ServiceManager } from './service-manager.ts';
import { ignoreSignals } from './signals.ts';
import { thisSystem } from './system.ts';
import { tokenCommand } from './token.ts';

const EXIT_USAGE = 2;

/** Commands that print text, by the first word on the command line. */
const ANSWERS: ReadonlyMap<string, (input: CommandInput) => Promise<string | CheckOutcome>> = new Map<
  string,
  (input: CommandInput) => Promise<string | CheckOutcome>
>([
  ['token', (input: CommandInput) => tokenCommand(input, systemClock.wallNow())],
  ['control-token', (input) => controlTokenCommand(input, systemClock.wallNow())],
  ['check', (input) => checkCommand(input, systemClock)],
  ['capture', (input) => captureCommand(input, process.stderr)],
  ...ADMIN_COMMANDS.map((name) => [name, (input: CommandInput) => adminCommand(name, input)] as const),
  ['healthcheck', (input) => healthcheckCommand(input)],
  ['install', (input) => installCommand(input, thisSystem())],
  ['uninstall', (input) => uninstallCommand(input, thisSystem())],
  ['ports', async (input) => portsCommand(input)],
  ['password', ({ argv }: CommandInput) => passwordCommand(argv, { input: process.stdin, questions: process.stderr })],
]);

async function main(): Promise<void> {
  // The reader of the output may be gone, as with `head`.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    const [word = '', ...rest] = process.argv.slice(2);
    const input = { argv: process.argv.slice(2), env: process.env, machine: thisMachine(process.env) };
    const answer = ANSWERS.get(word);
    if (answer !== undefined) {
      const said = await answer({ ...input, argv: rest });
      const { text, exitCode } = typeof said === 'string' ? { text: said, exitCode: 0 } : said;
      process.stdout.write(text);
      process.exitCode = exitCode;
      return;
    }
    const command = readCommand(input);
    if (command.kind === 'help') process.stdout.write(command.text);
    else if (command.kind === 'version') process.stdout.write(versionLine());
    else void serve(command.config, command.warnings, input);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) process.stderr.write(`partyline: ${problem}\n`);
    process.exitCode = EXIT_USAGE;
  }
}

function versionLine(): string {
  return `partyline ${manifest.version} (${process.platform}-${process.arch}, Node ${process.versions.node})\n`;
}

async function serve(config: Config, warnings: readonly string[], input: CommandInput): Promise<void> {
  const out = standardOutput(process.stdout, systemClock);
  const log = createLogger({ level: config.logLevel, format: config.logFormat, out });
  for (const warning of warnings) log.warn(warning);
  const manager = new ServiceManager({ env: process.env, pid: process.pid, clock: systemClock, log });
  const end = new ProcessEnd({
    log,
    clock: systemClock,
    onEnding: () => manager.stopping(),
    graceMs: config.shutdownGraceMs,
    exit: (code) => process.exit(code),
  });
  process.on('uncaughtException', (error) => end.fail('uncaught exception', error));
  process.on('unhandledRejection', (reason) => end.fail('unhandled rejection', reason));
  process.on('SIGTERM', (signal) => end.signal(signal));
  process.on('SIGINT', (signal) => end.signal(signal));
  // Installed early and in every mode, because an unhandled SIGHUP would end the process.
  let reload = (): void => {};
  process.on('SIGHUP', () => reload());
  ignoreSignals(log);

  try {
    const user = processUser(config);
    // Imported late, because it loads the codec, and "check" must report if that fails.
    const { createMediaPlane } = await import('../server/media-plane.ts');
    const server = await createServer(config, {
      clock: systemClock,
      log,
      version: manifest.version,
      assets: createAssets(await packagedFiles('web')),
      createMediaPlane,
      workerEntry: threadCode('worker.js'),
      onFailed: (reason) => end.fail('the server cannot continue', new Error(reason)),
      onDrained: () => end.drained(),
    });
    end.serves(server);
    reload = () => {
      try {
        const command = readCommand(input);
        if (command.kind !== 'serve') return;
        for (const warning of command.warnings) log.warn(warning);
        server.reload(command.config);
      } catch (error) {
        const problems = error instanceof ConfigError ? error.problems : [String(error)];
        log.error({ problems }, 'settings refused: nothing was changed');
      }
    };
    const { url } = await server.listen();
    if (user !== undefined) {
      becomeUser(user, config);
      log.info(user, 'root given up: the process is another user from now on');
    }
    log.info(
      { version: manifest.version, workers: config.workers },
      `ready: ${url.startsWith('unix:') ? 'at' : 'open'} ${url}`,
    );
    manager.ready();
    // Now, because few people are there yet. Nothing waits for it.
    giveBackMemory(systemClock).catch((error: unknown) => log.warn({ err: error }, 'memory was not given back'));
  } catch (error) {
    end.fail('the server did not start', error);
  }
}

void main();
