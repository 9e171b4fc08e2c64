import { timingSafeEqual } from 'node:crypto';

/** Compares in constant time. */
export function isSameSecret(own: string, other: string): boolean {
  const [a, b] = [Buffer.from(own), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
