/**
 * Control tokens: a game server that holds one may do in one room what the control connection allows, and nothing else.
 * They are signed like join tokens, and neither is accepted as the other.
 */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { MAX_NAME_LENGTH } from '../protocol/bounds.ts';
import { isForRoom, signToken, type TokenLifetime, verifiedPayload } from './join-token.ts';
import { roomName } from './names.ts';

const claimsSchema = z.object({
  exp: z.number(),
  voice: z.object({ room: z.string().max(MAX_NAME_LENGTH), roomControl: z.literal(true) }),
});

/** Creates a signed control token. Throws `AppError` `invalid_room`. */
export async function createControlToken(key: KeyObject, room: string, lifetime: TokenLifetime): Promise<string> {
  return signToken(key, { voice: { room: roomName(room), roomControl: true } }, lifetime);
}

/**
 * Verifies a token for this room. `room` is as `roomKey` returns it. Rejects with `token_invalid` or `token_expired`.
 */
export async function verifyControlToken(
  key: KeyObject,
  token: string,
  { room, wallNowMs }: { readonly room: string; readonly wallNowMs: Millis },
): Promise<void> {
  const claims = claimsSchema.safeParse(await verifiedPayload(key, token, wallNowMs));
  if (!claims.success || !isForRoom(claims.data.voice, room)) throw new AppError('token_invalid');
}
