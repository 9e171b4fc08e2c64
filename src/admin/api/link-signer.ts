/** Links that download one file for a short time, without the admin token. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import { type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import { API_PATH } from '../../protocol/api/operations.ts';

export interface SignedLink {
  readonly path: string;
  readonly expiresAt: string;
}

export class LinkSigner {
  readonly #clock: Clock;
  /** Links end with the process. */
  readonly #key = randomBytes(32);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param path as `downloadPath` returns it
   * @param format what the query of the same name says, if anything
   */
  sign(path: string, format: string | undefined, lifetimeSeconds: number): SignedLink {
    const expiresMs = this.#clock.wallNow() + lifetimeSeconds * 1000;
    const expires = String(expiresMs);
    const query = new URLSearchParams({
      ...(format !== undefined && { format }),
      expires,
      signature: this.#signature(path, format, expires).toString('base64url'),
    });
    return { path: `${path}?${query}`, expiresAt: isoTime(expiresMs) };
  }

  /** Whether the request is exactly what a link that has not expired asks for. */
  accepts({ method, path, query }: Pick<Context, 'method' | 'path' | 'query'>): boolean {
    const { format, expires, signature } = query;
    if (method !== 'GET' && method !== 'HEAD') return false;
    if (typeof expires !== 'string' || typeof signature !== 'string' || Array.isArray(format)) return false;
    const expiresMs: Millis = Number(expires);
    const shown = Buffer.from(signature, 'base64url');
    const right = this.#signature(path, format, expires);
    return shown.length === right.length && timingSafeEqual(shown, right) && this.#clock.wallNow() < expiresMs;
  }

  #signature(path: string, format: string | undefined, expires: string): Buffer {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([path, format ?? null, expires]))
      .digest();
  }
}

/** The path of a file of a recording, or of its archive. */
export function downloadPath(recording: string, file: string | undefined): string {
  const of = `${API_PATH}/recordings/${encodeURIComponent(recording)}`;
  return file === undefined ? `${of}/archive` : `${of}/files/${encodeURIComponent(file)}`;
}
