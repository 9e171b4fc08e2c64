/**
 * Signing in with another account: `/sign-in?room=NAME` leads to the provider, which leads back to `/sign-in/callback`,
 * and that to the page of the room, with an ordinary join token. Nobody is ever sent anywhere else.
 */
import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../../lib/clock.ts';
import { AppError, toAppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { AccessControl } from '../../rooms/access.ts';
import type { AddressLimits } from '../../rooms/address-limits.ts';
import { roomName } from '../../rooms/names.ts';
import { ATTEMPT_LIFETIME_MS, AttemptSeal } from './attempt.ts';
import { grantOf } from './claims.ts';
import { type ProviderSettings, SignInProvider } from './provider.ts';

export interface SignInSettings extends Omit<ProviderSettings, 'redirectUri'> {
  /** What people see on the button. */
  readonly label: string;
  /** The origin of the page. */
  readonly pageUrl: string;
  /** Seals the cookie. */
  readonly secret: string;
}

export interface SignInOptions {
  readonly settings: SignInSettings;
  readonly access: Pick<AccessControl, 'createToken' | 'people'>;
  readonly addresses: Pick<AddressLimits, 'join'>;
  readonly proxies: Pick<TrustedProxies, 'clientOfRequest'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Renewed while somebody is in a room. */
const TOKEN_LIFETIME_MS: Millis = 3_600_000;
const COOKIE = 'partyline-sign-in';
const PATH = '/sign-in';
/** Browsers take a cookie of this name only from the same host by HTTPS, for all paths (RFC 6265bis section 4.1.3). */
const HOST_PREFIX = '__Host-';
export const CALLBACK = `${PATH}/callback`;
/** A longer address is none of a provider. */
const MAX_URL_LENGTH = 8192;
const WARNINGS = { perSecond: 1 / 60, burst: 3 } as const;

export function createSignIn({ settings, access, addresses, proxies, clock, log }: SignInOptions): Middleware {
  const origin = new URL(settings.pageUrl).origin;
  const provider = new SignInProvider({ ...settings, redirectUri: `${origin}${CALLBACK}` }, clock);
  const seal = new AttemptSeal(settings.secret);
  const warnings = new TokenBucket({ ...WARNINGS, now: clock.now() });
  const isSecure = origin.startsWith('https:');
  const cookie = isSecure ? `${HOST_PREFIX}${COOKIE}` : COOKIE;
  const attributes = `Path=${isSecure ? '/' : PATH}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  const setCookie = (context: Context, value: string, maxAgeMs: Millis): void =>
    context.append('Set-Cookie', `${cookie}=${value}; Max-Age=${maxAgeMs / 1000}; ${attributes}`);

  const begin = async (context: Context): Promise<void> => {
    const room = roomName(new URLSearchParams(context.querystring).get('room') ?? '');
    const { attempt, url } = await provider.begin(room);
    setCookie(context, seal.seal(attempt, clock.wallNow()), ATTEMPT_LIFETIME_MS);
    redirect(context, url.href);
  };

  const finish = async (context: Context): Promise<void> => {
    setCookie(context, '', 0);
    const attempt = seal.open(cookieOf(context, cookie), clock.wallNow());
    if (attempt === undefined)
      throw new AppError('sign_in_failed', 'It took too long, or was begun in another window.');
    // The provider is asked once for each answer, and a browser may send as many as it likes.
    const wasNotWrong = addresses.join(addressKey(proxies.clientOfRequest(context.req)), true);
    const claims = await provider.finish(context.querystring, attempt);
    wasNotWrong();
    const { people } = access;
    const isFree = (name: string, identity: string): boolean => isAllowed(() => people.checkName(name, identity));
    const grant = grantOf(claims, attempt.room, settings.rules, isFree);
    const token = await access.createToken(grant, TOKEN_LIFETIME_MS);
    log.info({ room: grant.room, identity: grant.identity }, 'signed in');
    redirect(context, `${origin}${pathOf(grant.room)}#token=${token}`);
  };

  const answer = (context: Context): Promise<void> | void => {
    switch (context.path) {
      case PATH:
        return begin(context);
      case CALLBACK:
        return finish(context);
      case `${PATH}/offer`:
        context.body = { label: settings.label };
        return;
      default:
        throw new AppError('not_found');
    }
  };

  return async (context) => {
    context.set('Cache-Control', 'no-store');
    try {
      if (context.method !== 'GET') throw new AppError('method_not_allowed');
      if (context.url.length > MAX_URL_LENGTH) throw new AppError('sign_in_failed');
      await answer(context);
    } catch (thrown) {
      const error = thrown instanceof AppError ? thrown : new AppError('sign_in_failed');
      // The library's errors carry the provider's answers, which anybody can cause.
      if (error !== thrown && warnings.take(clock.now())) log.warn({ reason: reasonOf(thrown) }, 'sign-in failed');
      const { kind, message } = toAppError(error);
      context.status = kind.httpStatus;
      context.body = `${message}\n`;
    }
  };
}

function redirect(context: Context, url: string): void {
  context.status = 303;
  context.set('Location', url);
  context.body = '';
}

function cookieOf(context: Context, cookie: string): string {
  for (const pair of context.get('Cookie').split(';')) {
    const [name, value = ''] = pair.trim().split(/=(.*)/s);
    if (name === cookie) return value;
  }
  return '';
}

function pathOf(room: string): string {
  return `/room/${room.split('/').map(encodeURIComponent).join('/')}`;
}

function isAllowed(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown';
  const { code, cause } = thrown as Error & { readonly code?: unknown };
  const because = cause instanceof Error ? cause.message : '';
  return [thrown.message, typeof code === 'string' ? code : '', because]
    .filter((text) => text !== '')
    .join(': ')
    .slice(0, 300);
}
