/**
 * What must be remembered between the way to the provider and the way back, sealed in a cookie of the browser: the
 * server keeps nothing, so nobody can fill its memory, and any server with the same secret can go on.
 */
import { z } from 'zod';
import type { Millis } from '../../lib/clock.ts';
import { Seal } from '../../lib/seal.ts';

/** People may have to create an account at the provider first. */
export const ATTEMPT_LIFETIME_MS: Millis = 600_000;

const attemptSchema = z.object({
  room: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
});
export type Attempt = z.infer<typeof attemptSchema>;

const sealedSchema = z.object({ attempt: attemptSchema, untilMs: z.number() });

export class AttemptSeal {
  readonly #seal: Seal;

  constructor(secret: string) {
    this.#seal = new Seal(secret, 'sign-in');
  }

  seal(attempt: Attempt, wallNowMs: Millis): string {
    return this.#seal.seal(JSON.stringify({ attempt, untilMs: wallNowMs + ATTEMPT_LIFETIME_MS }));
  }

  /** Undefined if this is not from `seal`, or too old. */
  open(sealed: string, wallNowMs: Millis): Attempt | undefined {
    const text = this.#seal.open(sealed);
    if (text === undefined) return undefined;
    // Only who has the secret can have written it.
    const { attempt, untilMs } = sealedSchema.parse(JSON.parse(text));
    return wallNowMs < untilMs ? attempt : undefined;
  }
}
