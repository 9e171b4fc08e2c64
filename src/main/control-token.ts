import type { CommandInput } from '../config/config.ts';
import { ConfigError } from '../config/config.ts';
import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { createControlToken } from '../rooms/control-token.ts';
import { tokenKey } from '../rooms/join-token.ts';
import { lifetimeOf, readTokenFlags, secretOf } from './token.ts';

const HELP = `Creates a control token. A game server that has it may move the players and set the channels of one
room, until it expires. It cannot do anything else, and nobody can join with it.

Usage: partyline control-token --room ROOM [--flag VALUE]…

  --room ROOM               The room that the game server controls.
  --expires TIME            Lifetime of the token: a number with s, m, h or d. Default: 1h.
  --token-secret-file FILE  File with the server's secret. --token-secret, --config and the server's
                            variables (PARTYLINE_TOKEN_SECRET_FILE, …) work, too.
  --help                    Shows this text.
`;

/** The output of `partyline control-token`: one line. Rejects with `ConfigError`. */
export async function controlTokenCommand(input: CommandInput, wallNowMs: Millis): Promise<string> {
  const flags = readTokenFlags('control-token', input.argv, {});
  if (flags.help === true) return HELP;
  const { room, expires = '1h' } = flags;
  const problems: string[] = [];
  if (room === undefined) problems.push('control-token requires --room ROOM.');
  const lifetimeMs = lifetimeOf(expires, problems);
  const secret = secretOf('control-token', input, flags, problems);
  if (problems.length > 0 || room === undefined || lifetimeMs === undefined) throw new ConfigError(problems);
  try {
    return `${await createControlToken(tokenKey(secret), room, { wallNowMs, lifetimeMs })}\n`;
  } catch (error) {
    if (error instanceof AppError) throw new ConfigError([error.message]);
    throw error;
  }
}
