import { isIP } from 'node:net';

/** An address or a host name, with an optional port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number | null;
}

/**
 * Parses `192.0.2.1`, `192.0.2.1:40000`, `2001:db8::1`, `[2001:db8::1]:40000`, `voice.example.org`,
 * `voice.example.org:40000`; null for anything else.
 */
export function parseEndpoint(text: string): Endpoint | null {
  if (isIP(text) !== 0) return { host: text, port: null };
  const { v6, name = v6, port } = /^(?:\[(?<v6>.*)\]|(?<name>[^:]*))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {};
  if (name === undefined || (v6 !== undefined ? isIP(v6) !== 6 : isIP(name) !== 4 && !isHostName(name))) return null;
  if (port === undefined) return { host: name, port: null };
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? { host: name, port: number } : null;
}

export function isHostName(text: string): boolean {
  // A name of only digits and dots is a mistyped address.
  return text.length <= 253 && /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(text) && !/^[\d.]+$/.test(text);
}

/** `192.0.2.1:40000` or `[2001:db8::1]:40000` */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
