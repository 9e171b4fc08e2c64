import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type CommandInput, ConfigError, readCommand } from '../config/config.ts';
import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { MAX_IDENTITY_LENGTH } from '../protocol/bounds.ts';
import { createJoinToken, tokenKey } from '../rooms/join-token.ts';
import { roomKey } from '../rooms/names.ts';
import { runningServer } from './running-server.ts';

const HELP = `Creates a join token. Anyone who has it may join one room until it expires.

Usage: partyline token --room ROOM --identity ID [--flag VALUE]…

  --room ROOM               The room that the token opens.
  --identity ID             Your own id for this person, such as a user id: 1 to ${MAX_IDENTITY_LENGTH} characters.
                            Others in the room can see it. An identity can be in a room only once.
  --name NAME               Display name. Without it, the participant chooses.
  --listen-only             The participant cannot speak.
  --no-chat                 The participant cannot write in the chat.
  --moderate                The participant may mute, remove and ban others, and lock the room.
  --record                  The participant may start and end recordings of the room.
  --shout                   The participant may speak to all linked rooms at the same time.
  --expires TIME            Lifetime of the token: a number with s, m, h or d. Default: 1h.
  --link                    Prints a link that opens the room with the token.
  --url URL                 Where people reach the server, for the link. Default: its first domain,
                            or this machine with the port from the settings.
  --token-secret-file FILE  File with the server's secret. --token-secret, --config and the server's
                            variables (PARTYLINE_TOKEN_SECRET_FILE, …) work, too.
  --help                    Shows this text.
`;
const UNITS_MS: ReadonlyMap<string, Millis> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const OWN_FLAGS = {
  identity: { type: 'string' },
  name: { type: 'string' },
  'listen-only': { type: 'boolean' },
  moderate: { type: 'boolean' },
  record: { type: 'boolean' },
  shout: { type: 'boolean' },
  'no-chat': { type: 'boolean' },
  link: { type: 'boolean' },
  url: { type: 'string' },
} as const;
const COMMON_FLAGS = {
  room: { type: 'string' },
  expires: { type: 'string' },
  config: { type: 'string' },
  'token-secret': { type: 'string' },
  'token-secret-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
const SERVER_FLAGS = ['config', 'token-secret', 'token-secret-file'] as const;
type ServerFlags = Readonly<Partial<Record<(typeof SERVER_FLAGS)[number], string | undefined>>>;

/** The output of `partyline token`: one line. Rejects with `ConfigError`. */
export async function tokenCommand(input: CommandInput, wallNowMs: Millis): Promise<string> {
  const flags = readTokenFlags('token', input.argv, OWN_FLAGS);
  if (flags.help) return HELP;
  const { room, identity, name } = flags;
  const problems: string[] = [];
  if (room === undefined) problems.push('token requires --room ROOM.');
  if (identity === undefined) problems.push('token requires --identity ID.');
  else if (identity === '' || identity.length > MAX_IDENTITY_LENGTH)
    problems.push(`--identity must have 1 to ${MAX_IDENTITY_LENGTH} characters.`);
  const lifetimeMs = lifetimeOf(flags.expires ?? '1h', problems);
  const secret = secretOf('token', input, flags, problems);
  if (problems.length > 0 || room === undefined || identity === undefined || lifetimeMs === undefined)
    throw new ConfigError(problems);

  const maySpeak = flags['listen-only'] !== true;
  const mayModerate = flags.moderate === true;
  const mayChat = flags['no-chat'] !== true;
  const mayRecord = flags.record === true;
  const grant = { room, identity, name, maySpeak, mayModerate, mayChat, mayRecord, mayShout: flags.shout === true };
  try {
    const token = await createJoinToken(tokenKey(secret), grant, { wallNowMs, lifetimeMs });
    return `${flags.link === true ? linkFor(input, flags, room, token) : token}\n`;
  } catch (error) {
    if (error instanceof AppError) throw new ConfigError([error.message]);
    throw error;
  }
}

/** Throws `ConfigError` or `AppError`. */
function linkFor(
  input: CommandInput,
  flags: ServerFlags & { readonly url?: string | undefined },
  room: string,
  token: string,
): string {
  const { url } = runningServer({ ...input, argv: serverArgv(flags) }, flags.url);
  return new URL(`/room/${encodeURIComponent(roomKey(room))}#token=${token}`, url).href;
}

/** Those of every command that makes a token, and its own. Throws `ConfigError`. */
export function readTokenFlags<Own extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  argv: readonly string[],
  own: Own,
) {
  try {
    return parseArgs({ args: [...argv], options: { ...COMMON_FLAGS, ...own } }).values;
  } catch (error) {
    // The first sentence says what is wrong; the others explain command-line syntax.
    const [sentence = ''] = error instanceof TypeError ? error.message.split('. ') : [];
    throw new ConfigError([`${sentence.replace(/\.$/, '')}; see ${command} --help.`]);
  }
}

/** Reads it as the server does: flag, variable, configuration file. */
export function secretOf(
  command: string,
  { env, machine }: CommandInput,
  flags: ServerFlags,
  problems: string[],
): string {
  try {
    const server = readCommand({ argv: serverArgv(flags), env, machine });
    const secret = server.kind === 'serve' ? server.config.tokenSecret : '';
    if (secret === '')
      problems.push(`${command} requires the server's secret: --token-secret-file FILE; see ${command} --help.`);
    return secret;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return '';
  }
}

function serverArgv(flags: ServerFlags): string[] {
  return SERVER_FLAGS.flatMap((name) => (flags[name] === undefined ? [] : [`--${name}=${flags[name]}`]));
}

/** Undefined, and a problem, if it is not a time. */
export function lifetimeOf(text: string, problems: string[], flag = 'expires'): Millis | undefined {
  const [, amount, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS.get(unit);
  if (unitMs !== undefined) return Number(amount) * unitMs;
  problems.push(`--${flag} cannot be ${JSON.stringify(text)}; expected a time such as 30m, 12h or 7d.`);
  return undefined;
}
