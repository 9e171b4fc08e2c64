import type { CommandInput } from '../config/config.ts';
import type { CheckOutcome } from './check.ts';
import { open, outcomeOf, readOwnFlags, runningServer } from './running-server.ts';

const HELP = `Asks the running server whether it is healthy, for containers and service managers. Exit code 0: it is.

Usage: partyline healthcheck [--flag VALUE]…

  --ready                   Also fails while the server admits nobody new, because it drains or ends.
  --url URL                 The server. Default: this machine, with the port from the settings.
  --help                    Shows this text. --config and the server's other flags and variables
                            work, too.
`;

/** The output of `partyline healthcheck`. Rejects with `ConfigError`. */
export async function healthcheckCommand(input: CommandInput): Promise<CheckOutcome> {
  const { flags, help, argv } = readOwnFlags(input.argv, ['url'], ['ready']);
  if (help) return { text: HELP, exitCode: 0 };
  // Nobody needs a token for this, and a wrong server should not get it.
  const server = { ...runningServer({ ...input, argv }, flags.url), adminToken: '' };
  return outcomeOf(async () => {
    (await open(server, 'GET', flags.ready === true ? '/readyz' : '/healthz')).resume();
    return 'ok\n';
  });
}
