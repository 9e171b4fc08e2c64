/** Who may come in by another way than the page, and how that is counted. */
import type { Context } from 'koa';
import { AppError, toAppError } from '../lib/errors.ts';
import { addressKey } from '../lib/net/client-address.ts';
import { type AddressLimits, WRONG_PROOF } from '../rooms/address-limits.ts';
import { type Admission, GUEST } from '../rooms/admission.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([\w\-.~+/]+=*) *$/i;
/** A longer one is no token of this server. */
const MAX_AUTHORIZATION = 8192;

export interface Doors {
  readonly registry: RoomRegistry;
  readonly addresses: AddressLimits;
}

export interface Visitor {
  readonly room: string;
  readonly token: string | undefined;
  /** The whole address. */
  readonly client: string;
  /** Whether the client is still there. */
  readonly isWanted: () => boolean;
}

/** Rejects with `rate_limited`, `kicked` if the address is banned, or as `RoomRegistry.admit` does. */
export async function admit({ registry, addresses }: Doors, visitor: Visitor): Promise<Admission> {
  const { room, token, client, isWanted } = visitor;
  const from = addressKey(client);
  addresses.checkBan(client);
  const wasNotWrong = addresses.join(from, token !== undefined);
  try {
    const admission = await registry.admit({ room, token, from }, isWanted);
    wasNotWrong();
    return admission;
  } catch (thrown) {
    if (!WRONG_PROOF.has(toAppError(thrown).code)) wasNotWrong();
    throw thrown;
  }
}

/** Counts somebody who needs neither a password nor a token. Throws `rate_limited` or `kicked`. */
export function admitAnyone({ addresses }: Doors, client: string): Admission {
  addresses.checkBan(client);
  addresses.join(addressKey(client), false);
  return GUEST;
}

/** The token in the request. Throws `token_invalid` for anything that is not a token. */
export function bearerOf(context: Context): string | undefined {
  const authorization = context.get('Authorization');
  // Some clients send an empty one if none is set.
  if (authorization === '' || /^Bearer *$/i.test(authorization)) return undefined;
  const token = authorization.length > MAX_AUTHORIZATION ? undefined : BEARER.exec(authorization)?.[1];
  if (token === undefined)
    throw new AppError('token_invalid', 'It must be in the header "Authorization: Bearer TOKEN".');
  return token;
}
