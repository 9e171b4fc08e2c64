import { open, unlink } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { parseArgs } from 'node:util';
import { type CommandInput, type Config, ConfigError, readCommand } from '../config/config.ts';
import { tlsModeOf } from '../config/tls.ts';
import type { CheckOutcome } from './check.ts';

const HELP = `Records unencrypted what a participant says and hears, for troubleshooting in Wireshark.

Usage: partyline capture --room ROOM --participant ID [--flag VALUE]…

The running server must have --allow-capture on and an admin token. What the participant hears is
everyone in the room, and all of them are notified while the capture runs. Make sure that you are
allowed to record them. Ctrl-C stops early and keeps what has been recorded.

  --room ROOM               The participant's room.
  --participant ID          Their id, the identity in their token, or their name.
  --seconds N               Duration, 1 to 600. Default: 60.
  --output FILE             File to create, readable only by you. Default: capture.pcap.
  --url URL                 The server. Default: this machine, with the port from the settings.
  --admin-token-file FILE   File with the admin token. --config and the server's other flags and
                            variables work, too.
  --help                    Shows this text.
`;
const OWN_FLAGS = ['room', 'participant', 'seconds', 'output', 'url'] as const;
const EXIT_FAILED = 1;
const OWNER_ONLY = 0o600;

type OwnFlags = Partial<Record<(typeof OWN_FLAGS)[number], string>>;

interface Found {
  readonly id: string;
  readonly identity: string | null;
  readonly name: string;
}

/** The server refused or is not running. The message is for the operator. */
class CaptureError extends Error {}

/** The output of `partyline capture`; it announces on `notices` what it is about to do. Rejects with `ConfigError`. */
export async function captureCommand(
  input: CommandInput,
  notices: { write(text: string): unknown },
): Promise<CheckOutcome> {
  const { flags, help, argv } = readFlags(input.argv);
  if (help) return { text: HELP, exitCode: 0 };
  const command = readCommand({ ...input, argv });
  if (command.kind !== 'serve') return { text: HELP, exitCode: 0 };
  const { room, participant, seconds = '60', output = 'capture.pcap' } = flags;
  const problems: string[] = [];
  if (room === undefined) problems.push('capture requires --room ROOM.');
  if (participant === undefined) problems.push('capture requires --participant ID.');
  if (!/^\d{1,3}$/.test(seconds)) problems.push('--seconds must be a number from 1 to 600.');
  if (flags.url !== undefined && !/^https?:\/\/[^/]/.test(flags.url))
    problems.push('--url must be a URL such as http://127.0.0.1:8080.');
  if (command.config.adminToken === '') problems.push('capture requires --admin-token-file FILE; see capture --help.');
  if (problems.length > 0 || room === undefined || participant === undefined) throw new ConfigError(problems);

  const server = { url: flags.url ?? urlOf(command.config), adminToken: command.config.adminToken };
  const path = `/rooms/${encodeURIComponent(room)}/participants`;
  try {
    const found = await find(server, path, participant);
    const bytes = await save(output, async () => {
      const options = { seconds: Number(seconds) };
      const { body } = await ask(server, 'POST', `${path}/${encodeURIComponent(found.id)}/capture`, options);
      notices.write(
        `Recording for ${seconds} s what ${found.name} says and hears. Everyone in the room is notified.\n`,
      );
      return Readable.fromWeb(body as ReadableStream);
    });
    return { text: `${output}: ${(bytes / 1000).toFixed(1)} kB\n`, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { text: `partyline: ${error.message}\n`, exitCode: EXIT_FAILED };
  }
}

function readFlags(args: readonly string[]): { flags: OwnFlags; help: boolean; argv: string[] } {
  const own = Object.fromEntries(OWN_FLAGS.map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], strict: false, tokens: true, options: own });
  const flags: OwnFlags = {};
  const ours = new Set<number>();
  for (const token of tokens) {
    const name = OWN_FLAGS.find((known) => token.kind === 'option' && token.name === known);
    if (token.kind !== 'option' || name === undefined) continue;
    if (token.value === undefined) throw new ConfigError([`--${name} requires a value.`]);
    flags[name] = token.value;
    ours.add(token.index);
    if (token.inlineValue === false) ours.add(token.index + 1);
  }
  return { flags, help: args.includes('--help') || args.includes('-h'), argv: args.filter((_, at) => !ours.has(at)) };
}

interface RunningServer {
  readonly url: string;
  readonly adminToken: string;
}

/** The local URL of a server with these settings. */
function urlOf(config: Config): string {
  const { domain, host, port } = config;
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = domain[0] ?? (everywhere ? 'localhost' : isIPv6(host) ? `[${host}]` : host);
  return `${tlsModeOf(config) === 'off' ? 'http' : 'https'}://${name}:${port}`;
}

/** Rejects with `CaptureError` if the server refuses. */
async function ask(server: RunningServer, method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
  const url = new URL(`/api/v1${path}`, server.url);
  const headers = { Authorization: `Bearer ${server.adminToken}`, 'Content-Type': 'application/json' };
  let response: Response;
  try {
    response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  } catch (error) {
    const { cause } = error as { cause?: { message?: string; code?: string } };
    throw new CaptureError(`${url.origin} cannot be reached: ${cause?.message || cause?.code || String(error)}.`);
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  throw new CaptureError(
    problem.detail ?? problem.title ?? `${url.origin} answered with HTTP status ${response.status}.`,
  );
}

/** Finds a participant by id, identity or name. Rejects with `CaptureError` unless exactly one matches. */
async function find(server: RunningServer, path: string, who: string): Promise<Found> {
  const found: Found[] = [];
  for (let offset = 0, total = 1; offset < total; ) {
    const response = await ask(server, 'GET', `${path}?offset=${offset}`);
    const page = (await response.json()) as { readonly participants: readonly Found[]; readonly total: number };
    found.push(...page.participants.filter(({ id, identity, name }) => [id, identity, name].includes(who)));
    total = page.total;
    if (page.participants.length === 0) break;
    offset += page.participants.length;
  }
  const [one, ...others] = found;
  if (one === undefined) throw new CaptureError(`nobody in this room is called ${JSON.stringify(who)}.`);
  if (others.length === 0) return one;
  const ids = found.map(({ id }) => id).join(', ');
  throw new CaptureError(`${found.length} people are called ${JSON.stringify(who)}; use one of their ids: ${ids}.`);
}

/** Creates a file and streams the body into it. Returns its length; rejects with `CaptureError`. */
async function save(output: string, start: () => Promise<Readable>): Promise<number> {
  const file = await open(output, 'wx', OWNER_ONLY).catch((error: NodeJS.ErrnoException) => {
    throw new CaptureError(
      error.code === 'EEXIST' ? `${output} already exists.` : `${output} cannot be written: ${error.message}.`,
    );
  });
  let body: Readable;
  try {
    body = await start();
  } catch (error) {
    await file.close();
    await unlink(output);
    throw error;
  }
  const stream = file.createWriteStream();
  try {
    await pipeline(body, stream);
  } catch (error) {
    throw new CaptureError(
      `the capture was interrupted: ${(error as Error).message}. ${output} contains what was recorded.`,
    );
  }
  return stream.bytesWritten;
}
