/**
 * The header with which a proxy says for whom it connects: the PROXY protocol
 * (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2). Version 2 is binary. Version 1 is a line of
 * text; nginx knows only that one.
 */
import { isIP } from 'node:net';
import { plainAddress } from './client-address.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_LENGTH = SIGNATURE.length + 4;
/** Both addresses of IPv6, and more of the type-length-values than proxies send. */
const MAX_REST = 1024;
const VERSION = 2;
const COMMANDS = { local: 0, proxy: 1 } as const;
const TCP_OVER = { ipv4: 0x11, ipv6: 0x21 } as const;

const LINE_BEGINNING = Buffer.from('PROXY ', 'latin1');
/** With CR and LF, as section 2.1 has it. */
const MAX_LINE = 107;
/** Addresses and ports of the client and of the server. */
const LINE = /^PROXY TCP[46] ([\d.:a-f]+) [\d.:a-f]+ \d{1,5} \d{1,5}$/i;

export type ProxyHeader =
  /** More bytes are needed. */
  | { readonly kind: 'open' }
  | { readonly kind: 'invalid' }
  /** `client` is undefined if the proxy speaks for itself, as in health checks, or does not know the client. */
  | { readonly kind: 'whole'; readonly length: number; readonly client: string | undefined };

const OPEN: ProxyHeader = { kind: 'open' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/** Examines the first bytes of a connection, all that have come so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  return bytes[0] === LINE_BEGINNING[0] ? readLine(bytes) : readBinary(bytes);
}

function readLine(bytes: Buffer): ProxyHeader {
  const seen = Math.min(bytes.length, LINE_BEGINNING.length);
  if (bytes.compare(LINE_BEGINNING, 0, seen, 0, seen) !== 0) return INVALID;
  const end = bytes.subarray(0, MAX_LINE).indexOf('\r\n');
  if (end === -1) return bytes.length < MAX_LINE ? OPEN : INVALID;
  const line = bytes.toString('latin1', 0, end);
  const length = end + 2;
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { kind: 'whole', length, client: undefined };
  const [, client = ''] = LINE.exec(line) ?? [];
  return isIP(client) === 0 ? INVALID : { kind: 'whole', length, client: plainAddress(client) };
}

function readBinary(bytes: Buffer): ProxyHeader {
  const seen = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.compare(SIGNATURE, 0, seen, 0, seen) !== 0) return INVALID;
  if (bytes.length < FIXED_LENGTH) return OPEN;
  const [versionAndCommand, family] = [bytes[SIGNATURE.length]!, bytes[SIGNATURE.length + 1]!];
  const rest = bytes.readUInt16BE(FIXED_LENGTH - 2);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== VERSION || rest > MAX_REST) return INVALID;
  if (command !== COMMANDS.local && command !== COMMANDS.proxy) return INVALID;
  const length = FIXED_LENGTH + rest;
  if (bytes.length < length) return OPEN;
  if (command === COMMANDS.local) return { kind: 'whole', length, client: undefined };
  const addresses = bytes.subarray(FIXED_LENGTH, length);
  if (family === TCP_OVER.ipv4)
    return addresses.length < 12 ? INVALID : { kind: 'whole', length, client: ipv4(addresses) };
  if (family === TCP_OVER.ipv6)
    return addresses.length < 36 ? INVALID : { kind: 'whole', length, client: ipv6(addresses) };
  return { kind: 'whole', length, client: undefined };
}

function ipv4(addresses: Buffer): string {
  return addresses.subarray(0, 4).join('.');
}

function ipv6(addresses: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => addresses.readUInt16BE(2 * i).toString(16));
  // As RFC 5952 writes it.
  return plainAddress(new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1));
}
