import { availableParallelism } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import { loadAssets } from './admin/assets.ts';
import { type CommandInput, type Config, ConfigError, readCommand } from './config.ts';
import { systemClock } from './lib/clock.ts';
import { createLogger } from './lib/log.ts';
import { passwordCommand } from './main/password.ts';
import { tokenCommand } from './main/token.ts';
import { createMediaPlane } from './media/media-plane.ts';
import { StartError } from './server/start-error.ts';
import { createServer, type PartylineServer } from './server.ts';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Commands that answer with a text, by the word that comes first on the command line. */
const ANSWERS: ReadonlyMap<string, (input: CommandInput) => Promise<string>> = new Map([
  ['token', (input: CommandInput) => tokenCommand(input, systemClock.wallNow())],
  ['password', ({ argv }: CommandInput) => passwordCommand(argv, { input: process.stdin, questions: process.stderr })],
]);

async function main(): Promise<void> {
  try {
    const [word = '', ...rest] = process.argv.slice(2);
    const input = { argv: process.argv.slice(2), env: process.env, machine: { cores: availableParallelism() } };
    const answer = ANSWERS.get(word);
    if (answer !== undefined) {
      process.stdout.write(await answer({ ...input, argv: rest }));
      return;
    }
    const command = readCommand(input);
    if (command.kind === 'help') process.stdout.write(command.text);
    else if (command.kind === 'version') process.stdout.write(`${manifest.version}\n`);
    else void serve(command.config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) process.stderr.write(`partyline: ${problem}\n`);
    process.exitCode = EXIT_USAGE;
  }
}

async function serve(config: Config): Promise<void> {
  const log = createLogger({ level: config.logLevel, format: config.logFormat, out: process.stdout });
  const fail = (message: string) => (error: unknown) => {
    if (error instanceof StartError) log.fatal(error.message);
    else log.fatal({ err: error }, message);
    process.exit(EXIT_FAILURE);
  };
  process.on('uncaughtException', fail('uncaught exception'));
  process.on('unhandledRejection', fail('unhandled rejection'));

  let server: PartylineServer | undefined;
  let signals = 0;
  const stop = (signal: NodeJS.Signals): void => {
    signals += 1;
    log.info({ signal }, signals === 1 ? 'closing' : 'closing at once');
    if (signals > 1 || server === undefined) process.exit(signals > 1 ? EXIT_FAILURE : 0);
    systemClock.setTimer(systemClock.now() + config.shutdownGraceMs, () => {
      fail('closing took longer than the grace time')(new Error(`not closed after ${config.shutdownGraceMs} ms`));
    });
    server.close().then(() => process.exit(0), fail('closing failed'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  try {
    server = await createServer(config, {
      clock: systemClock,
      log,
      version: manifest.version,
      assets: await loadAssets(new URL('./web/', import.meta.url)),
      createMediaPlane,
      workerEntry: new URL('./worker.js', import.meta.url),
    });
    const { url } = await server.listen();
    log.info({ version: manifest.version, workers: config.workers }, `ready: open ${url}`);
  } catch (error) {
    await server?.close();
    fail('the server did not start')(error);
  }
}

void main();
