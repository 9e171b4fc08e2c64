import { createSecretKey, type KeyObject } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { dateOf, type Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { MAX_IDENTITY_LENGTH, MAX_NAME_LENGTH } from '../protocol/bounds.ts';
import type { Admission } from './admission.ts';
import { participantName, roomKeyOrUndefined, roomName } from './names.ts';

/** Maximum difference between the clocks of the server and the token's issuer. */
export const CLOCK_TOLERANCE_S = 30;
const ALGORITHM = 'HS256';
/** How long a renewed token opens its room: long enough for a restart of the server. */
export const RENEWED_LIFETIME_MS: Millis = 900_000;

/**
 * The claims (RFC 7519), named as in LiveKit: `sub` is the identity, `voice` its rights. Restrictions that this server
 * cannot enforce, such as not hearing others or being invisible, are rejected rather than ignored.
 */
const claimsSchema = z.object({
  sub: z.string().min(1).max(MAX_IDENTITY_LENGTH),
  name: z.string().max(MAX_NAME_LENGTH).optional(),
  exp: z.number(),
  // Issued by this server to somebody who was already in the room.
  renewed: z.boolean().default(false),
  voice: z.object({
    room: z.string().max(MAX_NAME_LENGTH),
    roomJoin: z.literal(true),
    canPublish: z.boolean().default(true),
    canSubscribe: z.literal(true).optional(),
    roomAdmin: z.boolean().default(false),
    canShout: z.boolean().default(false),
    canRecord: z.boolean().default(false),
    canPlaySounds: z.boolean().default(false),
    bot: z.boolean().default(false),
    canChat: z.boolean().default(true),
    canPublishData: z.boolean().default(true),
    canShareSound: z.boolean().default(true),
    hidden: z.literal(false).optional(),
  }),
});

/** The contents of a join token. */
export interface TokenGrant {
  readonly room: string;
  readonly identity: string;
  readonly name?: string | undefined;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  readonly mayShout?: boolean | undefined;
  readonly mayRecord?: boolean | undefined;
  readonly mayPlaySounds?: boolean | undefined;
  readonly mayBeBot?: boolean | undefined;
  /** True if omitted. */
  readonly mayChat?: boolean | undefined;
  /** True if omitted. */
  readonly maySendData?: boolean | undefined;
  /** True if omitted. */
  readonly mayShareSound?: boolean | undefined;
}

export interface TokenLifetime {
  /** Now, in milliseconds since 1970. */
  readonly wallNowMs: Millis;
  readonly lifetimeMs: Millis;
  /** For somebody who is in the room, instead of the token with which they joined. */
  readonly renewed?: boolean;
}

/** The key that signs join tokens. As a `KeyObject`, it does not reveal its bytes when it is logged by mistake. */
export function tokenKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret));
}

/** Creates a signed join token. Throws `AppError` `invalid_room` or `invalid_name`. */
export async function createJoinToken(key: KeyObject, grant: TokenGrant, lifetime: TokenLifetime): Promise<string> {
  const voice = {
    room: roomName(grant.room),
    roomJoin: true,
    canPublish: grant.maySpeak,
    roomAdmin: grant.mayModerate,
    ...(grant.mayShout === true && { canShout: true }),
    ...(grant.mayRecord === true && { canRecord: true }),
    ...(grant.mayPlaySounds === true && { canPlaySounds: true }),
    ...(grant.mayBeBot === true && { bot: true }),
    ...(grant.mayChat === false && { canChat: false }),
    ...(grant.maySendData === false && { canPublishData: false }),
    ...(grant.mayShareSound === false && { canShareSound: false }),
  };
  const name = grant.name === undefined ? {} : { name: participantName(grant.name) };
  const renewed = lifetime.renewed === true ? { renewed: true } : {};
  return signToken(key, { sub: grant.identity, ...name, voice, ...renewed }, lifetime);
}

/** Signs these claims, which expire after the lifetime. */
export function signToken(
  key: KeyObject,
  claims: JWTPayload,
  { wallNowMs, lifetimeMs }: TokenLifetime,
): Promise<string> {
  const issuedAtS = Math.floor(wallNowMs / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuedAt(issuedAtS)
    .setExpirationTime(issuedAtS + Math.ceil(lifetimeMs / 1000))
    .sign(key);
}

/**
 * Verifies a token for this room. `room` is as `roomKey` returns it. Rejects with `token_invalid` or `token_expired`.
 */
export async function verifyJoinToken(
  key: KeyObject,
  token: string,
  { room, wallNowMs }: { readonly room: string; readonly wallNowMs: Millis },
): Promise<Admission> {
  const claims = claimsSchema.safeParse(await verifiedPayload(key, token, wallNowMs));
  if (!claims.success)
    throw new AppError('token_invalid', `Its claim "${claims.error.issues[0]?.path.join('.')}" is invalid.`);
  const { sub, name, voice, exp, renewed } = claims.data;
  if (!isForRoom(voice, room)) throw new AppError('token_invalid', 'It is for another room.');
  const shownName = name === undefined ? null : shownNameOrNull(name);
  if (name !== undefined && shownName === null) throw new AppError('token_invalid', 'Its claim "name" is invalid.');
  const rights = {
    maySpeak: voice.canPublish,
    mayModerate: voice.roomAdmin,
    mayChat: voice.canChat,
    ...(voice.canShout && { mayShout: true }),
    ...(voice.canRecord && { mayRecord: true }),
    ...(voice.canPlaySounds && { mayPlaySounds: true }),
    ...(voice.bot && { mayBeBot: true }),
    ...(!voice.canPublishData && { maySendData: false }),
    ...(!voice.canShareSound && { mayShareSound: false }),
  };
  return { identity: sub, name: shownName, ...rights, expiresAtMs: exp * 1000, ...(renewed && { isRenewed: true }) };
}

/** Whether the claim names this room, as `roomKey` returns it. */
export function isForRoom(voice: { readonly room: string }, room: string): boolean {
  return roomKeyOrUndefined(voice.room) === room;
}

/**
 * The claims of a signed token that has not expired. Does not say what is wrong with a signature, because that only
 * helps forgers. Rejects with `token_invalid` or `token_expired`.
 */
export async function verifiedPayload(key: KeyObject, token: string, wallNowMs: Millis): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: dateOf(wallNowMs),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AppError('token_expired');
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed')
      throw new AppError('token_invalid', 'It is not valid yet.');
    if (error instanceof errors.JOSEError) throw new AppError('token_invalid');
    throw error;
  }
}

function shownNameOrNull(text: string): string | null {
  try {
    return participantName(text);
  } catch {
    return null;
  }
}
