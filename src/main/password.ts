import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ConfigError } from '../config/config.ts';
import { MAX_PASSWORD_LENGTH } from '../protocol/bounds.ts';
import { formatPasswordHash, hashPassword } from '../rooms/password-hash.ts';

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Where prompts are written. */
  readonly questions: { write(text: string): unknown };
}

/**
 * The output of `partyline password`: the hash of the first line of input, for `room-passwords`. Rejects with
 * `ConfigError`.
 */
export async function passwordCommand(argv: readonly string[], terminal: Terminal): Promise<string> {
  if (argv.length > 0) throw new ConfigError(['password takes no flags; it reads the password from standard input.']);
  const password = await firstLine(terminal);
  if (password === '' || password.length > MAX_PASSWORD_LENGTH)
    throw new ConfigError([`A password must have 1 to ${MAX_PASSWORD_LENGTH} characters.`]);
  return `${formatPasswordHash(await hashPassword(password))}\n`;
}

/** Does not echo what is typed. */
async function firstLine({ input, questions }: Terminal): Promise<string> {
  const isTerminal = input.isTTY === true;
  if (isTerminal) questions.write('Password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: isTerminal });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (isTerminal) questions.write('\n');
  }
}
