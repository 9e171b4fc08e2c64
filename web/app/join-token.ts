import { signal } from '@preact/signals';
import { roomOfPath } from './room-link.ts';

/** A join token, and what it says of itself. The server verifies it; this is for filling in the form. */
export interface JoinToken {
  readonly text: string;
  readonly room: string;
  /** The name that the others will see, null if that may be chosen. */
  readonly name: string | null;
  readonly maySpeak: boolean;
}

const STORAGE_KEY = 'partyline-token';

/** The token that this tab was opened with. It lives as long as the tab, over a reload as well. */
export const joinToken = signal<JoinToken | null>(null);

/**
 * Takes the token out of the address, `#token=…`, before anybody sees, copies or bookmarks it. What stands behind the `#` is
 * not sent to servers, so that none on the way has it in its log.
 */
export function takeTokenFromAddress(): void {
  const text = new URLSearchParams(location.hash.slice(1)).get('token');
  if (text !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    store(text);
  }
  const token = parse(text ?? stored());
  const room = roomOfPath(location.pathname);
  // The link of another channel is meant to lead there.
  joinToken.value = text === null && room !== null && room !== token?.room ? null : token;
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
  return {
    text,
    room: typeof room === 'string' ? room : '',
    name: typeof name === 'string' ? name : null,
    maySpeak: grant['canPublish'] !== false,
  };
}

/** The claims of a JWT (RFC 7519); none if it is not one, which the server will say. */
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

// Storage may be switched off; the token is then lost with a reload.

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
