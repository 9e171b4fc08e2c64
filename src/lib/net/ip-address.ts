/** IP addresses as text and as bytes. */
import { isIPv4, isIPv6 } from 'node:net';

/** The 4 or 16 bytes of an address, or null if it is invalid. Ignores a zone (`%eth0`); understands embedded IPv4. */
export function ipToBytes(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text)) return null;
  let plain = text.split('%', 1)[0]!;
  const embedded = /[^:]+\.[^:]+$/.exec(plain)?.[0];
  if (embedded !== undefined) {
    const [a, b, c, d] = embedded.split('.').map(Number) as [number, number, number, number];
    plain = `${plain.slice(0, -embedded.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head, rest] = plain.split('::') as [string, string | undefined];
  const first = head === '' ? [] : head.split(':');
  const last = rest === undefined || rest === '' ? [] : rest.split(':');
  const groups =
    rest === undefined ? first : [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value;
  });
  return bytes;
}

/** The eight groups of 16 bits of an IPv6 address. */
export function ipv6Groups(address: string): number[] {
  const bytes = ipToBytes(address) ?? new Uint8Array(16);
  return Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
}

/** Formats 4 or 16 bytes; IPv6 as in RFC 5952, so that it compares equal to what the system reports. */
export function bytesToIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  // The URL parser implements the compression rules.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** IPv4 as such where sockets of both families report it as IPv6 (`::ffff:192.0.2.1`); other addresses as they are. */
export function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
