/**
 * What must be remembered between the way to the provider and the way back, sealed in a cookie of the browser: the
 * server keeps nothing, so nobody can fill its memory, and any server with the same secret can go on.
 */
import { hkdfSync } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';
import { dateOf, type Millis } from '../../lib/clock.ts';

/** People may have to create an account at the provider first. */
export const ATTEMPT_LIFETIME_MS: Millis = 600_000;

const attemptSchema = z.object({
  room: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
});
export type Attempt = z.infer<typeof attemptSchema>;

export class AttemptSeal {
  readonly #key: Uint8Array;

  constructor(secret: string) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'partyline sign-in', 32));
  }

  seal({ room, state, nonce, verifier }: Attempt, wallNowMs: Millis): Promise<string> {
    return new EncryptJWT({ room, state, nonce, verifier })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime(Math.ceil((wallNowMs + ATTEMPT_LIFETIME_MS) / 1000))
      .encrypt(this.#key);
  }

  /** Undefined if this is not from `seal`, or too old. */
  async open(sealed: string, wallNowMs: Millis): Promise<Attempt | undefined> {
    try {
      const { payload } = await jwtDecrypt(sealed, this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp'],
        currentDate: dateOf(wallNowMs),
      });
      return attemptSchema.safeParse(payload).data;
    } catch {
      return undefined;
    }
  }
}
