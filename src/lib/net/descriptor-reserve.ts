/** File descriptors that strangers' connections may not take, so that the server can go on with its own work. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Enough to replace a media worker, to look up names and to read files; of a small limit, a quarter. */
const RESERVED = 64;
const RESERVED_SHARE = 0.25;

/** The first descriptor of the reserve; read while there still are some. */
const FIRST_RESERVED = firstReserved(openFilesLimit());

/** Of a limit on open files. */
export function firstReserved(limit: number): number {
  return limit - Math.min(RESERVED, Math.floor(limit * RESERVED_SHARE));
}

/**
 * Whether this connection, just accepted, has taken a descriptor of the reserve: the system gives the lowest free number, so its number says how
 * many there are, in all threads.
 */
export function isFromReserve(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return (handle?.fd ?? -1) >= FIRST_RESERVED;
}

function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
