import { type CommandInput, type Config, readCommand } from '../config/config.ts';
import { sharesPort } from '../config/one-port.ts';
import { tlsModeOf } from '../config/tls.ts';
import { parseEndpoint } from '../lib/net/host-port.ts';
import { parseTurnUrl } from '../lib/turn.ts';

const HELP = `Lists the ports to open in firewalls and, behind NAT, to forward to this machine.

Usage: partyline ports [--flag VALUE]…

Accepts the server's flags, variables and configuration file.
`;
const BEHIND_PROXY = 'any; 443 at a reverse proxy with TLS';
const HEADINGS = ['PORT', 'PROTOCOL', 'DIRECTION', 'PURPOSE', 'OUTSIDE PORT'];

/** The output of `partyline ports`. Throws `ConfigError`. */
export function portsCommand(input: CommandInput): string {
  const command = readCommand(input);
  if (command.kind !== 'serve') return HELP;
  const { config } = command;
  const rows = [HEADINGS, ...pageRows(config), ...mediaRows(config), ...mumbleRows(config), ...turnRows(config)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function pageRows(config: Config): string[][] {
  const { host, port, httpPort, unixSocket } = config;
  if (unixSocket !== '') return [['none', 'Unix', 'in', `page and WebSocket, at ${unixSocket}`, BEHIND_PROXY]];
  const hasTls = tlsModeOf(config) !== 'off';
  const what = `page and WebSocket, on ${host}`;
  const page = sharesPort(config)
    ? [number(port), 'TCP', 'in', `${what}; media where UDP is blocked`, mediaOutside(config, 0)]
    : [number(port), 'TCP', 'in', what, hasTls ? 'any; 443 needs no port in the URL' : BEHIND_PROXY];
  if (httpPort === 0) return [page];
  return [page, [number(httpPort), 'TCP', 'in', 'HTTP visitors, redirected to HTTPS', '80']];
}

function mumbleRows({ mumble, mumblePort, host }: Config): string[][] {
  if (mumble === 'off') return [];
  const row = (protocol: string) => [number(mumblePort), protocol, 'in', `Mumble clients, on ${host}`, 'the same'];
  return [row('TCP'), row('UDP')];
}

function mediaOutside({ announce }: Config, index: number): string {
  const ports = announce.flatMap((text) => parseEndpoint(text)?.port ?? []);
  const announced = [...new Set(ports.map((port) => port + index))];
  return announced.length > 0
    ? `${announced.join(', ')}, as announced`
    : 'the same, or another with --announce IP:PORT';
}

function mediaRows(config: Config): string[][] {
  const { mediaPort, mediaTcp, workers } = config;
  const count = Math.max(1, workers);
  return Array.from({ length: count }, (_, index) => {
    const inside = mediaPort === 0 ? 0 : mediaPort + index;
    const outside = mediaOutside(config, index);
    const what = `media of worker ${index + 1} of ${count}`;
    const row = (protocol: string, purpose: string) => [number(inside), protocol, 'in', purpose, outside];
    if (mediaTcp === 'off' || sharesPort(config)) return [row('UDP', what)];
    return [row('UDP', what), row('TCP', `${what}, where UDP is blocked`)];
  }).flat();
}

function turnRows({ turnUrls }: Config): string[][] {
  return turnUrls.flatMap((url) => {
    const address = parseTurnUrl(url);
    if (address === null) return [];
    const protocol = address.transport === 'udp' ? 'UDP' : 'TCP';
    return [[number(address.port), protocol, `in, at ${address.host}`, 'TURN, for browsers', 'as in --turn-urls']];
  });
}

function number(port: number): string {
  return port === 0 ? 'random' : String(port);
}
