/** File descriptors kept free of clients' connections, so that the server can continue its own work. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Enough to replace a media worker, to resolve names and to read files. A small limit reserves a quarter. */
const RESERVED = 64;
const RESERVED_SHARE = 0.25;

/** The first descriptor of the reserve. Read at startup, while descriptors are available. */
const FIRST_RESERVED = firstReserved(openFilesLimit());

/** @param limit the limit on open files */
export function firstReserved(limit: number): number {
  return limit - Math.min(RESERVED, Math.floor(limit * RESERVED_SHARE));
}

/**
 * Whether this newly accepted connection uses a descriptor of the reserve. The system assigns the lowest free number,
 * so the number shows how many are open in all threads.
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
