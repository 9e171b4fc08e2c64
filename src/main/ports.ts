import { type CommandInput, type Config, readCommand } from '../config.ts';
import { parseEndpoint } from '../lib/endpoint.ts';
import { parseTurnUrl } from '../lib/turn.ts';

const HELP = `Prints which ports to open in firewalls, and to forward to this machine behind NAT.

Usage: partyline ports [--flag VALUE]…

Takes the flags, the variables and the configuration file of the server.
`;
const HEADINGS = ['PORT', 'PROTOCOL', 'DIRECTION', 'WHAT FOR', 'NUMBER OUTSIDE'];

/** The output of `partyline ports`. Throws `ConfigError`. */
export function portsCommand(input: CommandInput): string {
  const command = readCommand(input);
  if (command.kind !== 'serve') return HELP;
  const { config } = command;
  const rows = [HEADINGS, pageRow(config), ...mediaRows(config), ...turnRows(config)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function pageRow({ host, port }: Config): string[] {
  return [number(port), 'TCP', 'in', `page and WebSocket, on ${host}`, 'any; 443 at a reverse proxy with TLS'];
}

function mediaRows({ mediaPort, mediaTcp, workers, announce }: Config): string[][] {
  const count = Math.max(1, workers);
  const ports = announce.flatMap((text) => parseEndpoint(text)?.port ?? []);
  return Array.from({ length: count }, (_, index) => {
    const inside = mediaPort === 0 ? 0 : mediaPort + index;
    const announced = [...new Set(ports.map((port) => port + index))];
    const outside =
      announced.length > 0 ? `${announced.join(', ')}, as announced` : 'the same; another with --announce IP:PORT';
    const what = `media of worker ${index + 1} of ${count}`;
    const row = (protocol: string, purpose: string) => [number(inside), protocol, 'in', purpose, outside];
    return mediaTcp === 'on' ? [row('UDP', what), row('TCP', `${what}, where UDP is blocked`)] : [row('UDP', what)];
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
