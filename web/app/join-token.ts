import { signal } from '@preact/signals';
import { isSameRoom, roomOfPath } from './room-link.ts';

/** A join token and its claims. The server verifies it; the page uses the claims only to fill in the form. */
export interface JoinToken {
  readonly text: string;
  readonly room: string;
  /** The display name; null if the person may choose one. */
  readonly name: string | null;
  readonly maySpeak: boolean;
}

const STORAGE_KEY = 'partyline-token';

/** The token that this tab was opened with. It survives reloads until the tab is closed. */
export const joinToken = signal<JoinToken | null>(null);
/** The link had a token that is none, or names no room. It was probably not copied completely. */
export const isTokenDamaged = signal(false);

/**
 * Removes the token from the URL, `#token=…`, before anyone sees, copies or bookmarks it. Browsers do not send the
 * part after `#` to servers, so it does not appear in their logs.
 */
export function takeTokenFromAddress(): void {
  const text = new URLSearchParams(location.hash.slice(1)).get('token');
  if (text !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    isTokenDamaged.value = parse(text) === null;
    store(isTokenDamaged.value ? null : text);
  }
  const token = parse(text ?? stored());
  const room = roomOfPath(location.pathname);
  // A link to another room is meant to lead there, so a stored token for a different room is not used.
  const isElsewhere = text === null && room !== null && token !== null && !isSameRoom(room, token.room);
  joinToken.value = isElsewhere ? null : token;
}

/** The server has replaced the token, which would have expired. A reload joins with the new one. */
export function replaceToken(text: string): void {
  store(text);
  joinToken.value = parse(text);
}

/** For this visit only: the page that frames this one brings it each time. Returns whether it looks like a join token. */
export function useToken(text: string): boolean {
  joinToken.value = parse(text);
  return joinToken.value !== null;
}

export function forgetToken(): void {
  joinToken.value = null;
  store(null);
}

function parse(text: string | null): JoinToken | null {
  if (text === null || text === '') return null;
  const claims = claimsOf(text);
  const grant = (claims['voice'] ?? {}) as Record<string, unknown>;
  const { room } = grant;
  const { name } = claims;
  if (typeof room !== 'string' || room.trim() === '') return null;
  return {
    text,
    room,
    name: typeof name === 'string' ? name : null,
    maySpeak: grant['canPublish'] !== false,
  };
}

/** The claims of a JWT (RFC 7519); none if it is not a JWT, which the server will then report. */
function claimsOf(text: string): Record<string, unknown> {
  try {
    const [, payload = ''] = text.split('.');
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (byte) => byte.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

// Storage may be disabled; the token is then lost on reload.

function stored(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function store(text: string | null): void {
  try {
    if (text === null) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, text);
  } catch {}
}
