/** Commands that talk to the running server through its API. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { type CommandInput, type Config, ConfigError, readCommand } from '../config/config.ts';
import { tlsModeOf } from '../config/tls.ts';
import { isLoopback } from '../lib/net/local-addresses.ts';
import type { CheckOutcome } from './check.ts';

/** A server that says nothing is not running well. Captures say something at once. */
const ANSWER_MS = 10_000;
const MAX_PROBLEM_BYTES = 65_536;
export const EXIT_FAILED = 1;

/** The server refused or is not running. The message is for the operator. */
export class RefusedError extends Error {}

export interface RunningServer {
  readonly url: string;
  /** The Unix socket at which it listens, instead of the port of `url`. */
  readonly socketPath?: string;
  readonly adminToken: string;
  /** It has made its certificate itself, and is on this machine. */
  readonly isSelfSigned: boolean;
}

/** Flags of the command, and `argv`: the others, which are the server's. Throws `ConfigError`. */
export function readOwnFlags<Text extends string, Switch extends string = never>(
  args: readonly string[],
  texts: readonly Text[],
  switches: readonly Switch[] = [],
): { flags: Partial<Record<Text, string>> & Partial<Record<Switch, true>>; help: boolean; argv: string[] } {
  const options = Object.fromEntries([
    ...texts.map((name) => [name, { type: 'string' as const }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  const { tokens } = parseArgs({ args: [...args], strict: false, tokens: true, options });
  const flags: Record<string, string | true> = {};
  const ours = new Set<number>();
  for (const token of tokens) {
    if (token.kind !== 'option' || !Object.hasOwn(options, token.name)) continue;
    ours.add(token.index);
    if (options[token.name]?.type === 'boolean') flags[token.name] = true;
    else if (token.value === undefined) throw new ConfigError([`--${token.name} requires a value.`]);
    else {
      flags[token.name] = token.value;
      if (token.inlineValue === false) ours.add(token.index + 1);
    }
  }
  return {
    flags: flags as Partial<Record<Text, string>> & Partial<Record<Switch, true>>,
    help: args.includes('--help') || args.includes('-h'),
    argv: args.filter((_, at) => !ours.has(at)),
  };
}

/** The server with these settings, on this machine unless `url` says otherwise. Throws `ConfigError`. */
export function runningServer(input: CommandInput, url: string | undefined): RunningServer & { config: Config } {
  const command = readCommand(input);
  if (command.kind !== 'serve') throw new ConfigError(['--version is not for this command.']);
  if (url !== undefined && !(/^https?:\/\/[^/]/.test(url) && URL.canParse(url)))
    throw new ConfigError(['--url must be a URL such as http://127.0.0.1:8080.']);
  const { config } = command;
  const socketPath = url === undefined && config.unixSocket !== '' ? config.unixSocket : undefined;
  const { hostname } = new URL(url ?? urlOf(config));
  const isHere = hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
  return {
    url: url ?? urlOf(config),
    adminToken: config.adminToken,
    ...(socketPath !== undefined && { socketPath }),
    isSelfSigned: isHere && tlsModeOf(config) === 'self-signed',
    config,
  };
}

/** The local URL of a server with these settings. At a Unix socket, only the name of the host counts. */
export function urlOf(config: Config): string {
  const { domain, host, port, unixSocket } = config;
  if (unixSocket !== '') return 'http://localhost';
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = domain[0] ?? (everywhere ? 'localhost' : isIPv6(host) ? `[${host}]` : host);
  return `${tlsModeOf(config) === 'off' ? 'http' : 'https'}://${name}:${port}`;
}

/** The answer of an operation; undefined if it has none. Rejects with `RefusedError`. */
export async function ask<T>(server: RunningServer, method: string, path: string, body?: object): Promise<T> {
  const answer = await text(await open(server, method, `/api/v1${path}`, body));
  return (answer === '' ? undefined : JSON.parse(answer)) as T;
}

/** All items of a list that comes in pages. */
export async function askAll<T>(server: RunningServer, path: string, name: string): Promise<T[]> {
  const all: T[] = [];
  for (let total = 1; all.length < total; ) {
    const page = await ask<Record<string, unknown>>(server, 'GET', `${path}?offset=${all.length}`);
    const items = page[name] as T[];
    if (items.length === 0) break;
    all.push(...items);
    total = Number(page['total']);
  }
  return all;
}

/** The body of an answer that is no error. Rejects with `RefusedError`. */
export async function open(
  server: RunningServer,
  method: string,
  path: string,
  body?: object,
): Promise<IncomingMessage> {
  const url = new URL(path, server.url);
  const place = server.socketPath === undefined ? url.origin : `unix:${server.socketPath}`;
  const response = await send(url, server, method, body).catch((error: NodeJS.ErrnoException) => {
    throw new RefusedError(`${place} cannot be reached: ${error.message || error.code || String(error)}.`);
  });
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  throw new RefusedError((await problemIn(response)) ?? `${place} answered with HTTP status ${statusCode}.`);
}

function send(
  url: URL,
  { adminToken, isSelfSigned, socketPath }: RunningServer,
  method: string,
  body: object | undefined,
): Promise<IncomingMessage> {
  const headers = {
    ...(adminToken !== '' && { Authorization: `Bearer ${adminToken}` }),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  };
  return new Promise((resolve, reject) => {
    const options = { method, headers, timeout: ANSWER_MS, socketPath };
    const answered = (response: IncomingMessage) => {
      // A capture may pause for longer.
      request.setTimeout(0);
      resolve(response);
    };
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, rejectUnauthorized: !isSelfSigned }, answered)
        : httpRequest(url, options, answered);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('it does not answer')));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function problemIn(response: IncomingMessage): Promise<string | undefined> {
  let said = '';
  try {
    for await (const chunk of response) {
      said += String(chunk);
      if (said.length > MAX_PROBLEM_BYTES) return undefined;
    }
    const { detail, title } = JSON.parse(said) as { detail?: string; title?: string };
    return detail ?? title;
  } catch {
    return undefined;
  }
}

/** What the command prints, also if the server refuses. */
export async function outcomeOf(run: () => Promise<string>): Promise<CheckOutcome> {
  try {
    return { text: await run(), exitCode: 0 };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { text: `partyline: ${error.message}\n`, exitCode: EXIT_FAILED };
  }
}
