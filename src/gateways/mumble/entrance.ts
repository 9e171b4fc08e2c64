/** As whom a Mumble user enters a room: by a join token, by a password of the room, or as a guest. */
import { z } from 'zod';
import { AppError, toAppError } from '../../lib/errors.ts';
import { MAX_NAME_LENGTH, MAX_PASSWORD_LENGTH, MAX_TOKEN_LENGTH } from '../../protocol/bounds.ts';
import type { AccessControl } from '../../rooms/access.ts';
import { type AddressLimits, WRONG_PROOF } from '../../rooms/address-limits.ts';
import type { Admission } from '../../rooms/admission.ts';
import { roomKey, roomKeyOrUndefined } from '../../rooms/names.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';

export interface EntranceOptions {
  readonly registry: RoomRegistry;
  readonly addresses: AddressLimits;
  readonly access: Pick<AccessControl, 'bans' | 'entryOf' | 'needsToken' | 'people'>;
  /** Throws `kicked` while the client's address is banned. */
  readonly checkBan: () => void;
}

export interface Newcomer {
  /** The password and the access tokens that the client has sent, in this order. */
  readonly secrets: readonly string[];
  /** Of the client's certificate. */
  readonly hash: string | null;
  /** The client's address, as limits count it. */
  readonly from: string;
  readonly isWanted: () => boolean;
}

/** Each wrong one takes the time of a hash. */
const MAX_PASSWORDS = 4;
const MAX_TOKENS = 8;
const claimsSchema = z.object({ voice: z.object({ room: z.string().min(1).max(MAX_NAME_LENGTH) }) });

/** A join token (JWT) has three parts, of which the first two are JSON. A password may have three words. */
export function isJoinToken(secret: string): boolean {
  if (secret.length > MAX_TOKEN_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(secret)) return false;
  return typeof jsonIn(secret, 0) === 'object' && typeof jsonIn(secret, 1) === 'object';
}

/** The room that a join token names, if this is one. Nothing is verified. */
export function roomOfToken(secret: string): string | undefined {
  return isJoinToken(secret) ? claimsSchema.safeParse(jsonIn(secret, 1)).data?.voice.room : undefined;
}

function isTokenFor(room: string, secret: string): boolean {
  const named = roomOfToken(secret);
  return named !== undefined && roomKeyOrUndefined(named) === roomKey(room);
}

/** Of this part; undefined if it is none. */
function jsonIn(token: string, part: number): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
}

/**
 * Tries the client's join tokens, then no password, then its passwords. Rejects with the error of the last attempt, as
 * `RoomRegistry.admit` does, `rate_limited`, `kicked` if the address was banned since the client connected, or
 * `server_busy` if the room is at several servers.
 */
export async function admitToRoom(options: EntranceOptions, room: string, newcomer: Newcomer): Promise<Admission> {
  options.checkBan();
  const admission = await tryAll(options, room, newcomer);
  // That may have taken a while.
  options.checkBan();
  // Mumble clients are sent each voice by itself. For one of them, a crowd would have to connect again, to one server.
  if (options.registry.known(roomKey(room))?.media.isSpread)
    throw new AppError('server_busy', 'The room is at several servers, and Mumble clients have no place there.');
  return admission;
}

async function tryAll(options: EntranceOptions, room: string, newcomer: Newcomer): Promise<Admission> {
  const { secrets, hash } = newcomer;
  // One for another room would count as a wrong proof.
  const tokens = secrets.filter((secret) => isTokenFor(room, secret)).slice(0, MAX_TOKENS);
  const passwords = secrets.filter((secret) => isPassword(secret)).slice(0, MAX_PASSWORDS);
  let refused: AppError | undefined;
  for (const token of tokens) {
    const admission = await attempt(options, room, { token }, newcomer);
    if (!(admission instanceof AppError)) return admission;
    // Whoever is banned does not become a guest.
    if (admission.code === 'kicked') throw admission;
    refused = admission;
  }
  for (const password of [undefined, ...passwords]) {
    const admission = await attempt(options, room, { password }, newcomer);
    if (!(admission instanceof AppError)) return withCertificate(options, room, admission, hash);
    // A token that is for another room says less than that this room has a password.
    if (refused === undefined || admission.code !== 'token_required') refused = admission;
    if (admission.code !== 'password_required' && admission.code !== 'wrong_password') break;
  }
  throw refused ?? new AppError('not_allowed');
}

type Proof = { readonly token: string } | { readonly password: string | undefined };

async function attempt(
  { registry, addresses }: EntranceOptions,
  room: string,
  proof: Proof,
  { from, isWanted }: Newcomer,
): Promise<Admission | AppError> {
  try {
    const proves = 'token' in proof || proof.password !== undefined;
    // Attempts without a proof belong to the join that goes on.
    const wasNotWrong = proves ? addresses.join(from, true) : () => {};
    try {
      const admission = await registry.admit({ room, ...proof, from }, isWanted);
      wasNotWrong();
      return admission;
    } catch (thrown) {
      if (!WRONG_PROOF.has(toAppError(thrown).code)) wasNotWrong();
      throw thrown;
    }
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

function isPassword(secret: string): boolean {
  return secret !== '' && secret.length <= MAX_PASSWORD_LENGTH && !isJoinToken(secret);
}

export function certificateIdentity(hash: string): string {
  return `mumble:${hash}`;
}

/** A guest's certificate is their identity, so that they can be banned, and take their own place. */
function withCertificate({ access }: EntranceOptions, room: string, admission: Admission, hash: string | null) {
  if (hash === null || admission.identity !== null) return admission;
  const identity = certificateIdentity(hash);
  access.bans.checkIdentity(roomKey(room), identity);
  return access.people.admission({ ...admission, identity });
}
