import type { JoinMode } from './preferences.ts';

/** What is needed to be back in the same call after a reload of the page. */
export interface KeptCall {
  readonly name: string;
  readonly room: string;
  readonly mode: JoinMode;
  readonly password: string;
  readonly muted: boolean;
  readonly deafened: boolean;
}

/** Where a tab keeps things while it is open. Throws if the browser does not allow it. */
export type TabStorage = () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const ofThisTab: TabStorage = () => sessionStorage;
const STORAGE_KEY = 'partyline-call';
/** Somebody who comes back later is surprised by an open microphone. */
const MAX_AGE_MS = 120_000;

/** Keeps the call in this tab while the page is away, until it is forgotten. */
export function keepCall(call: KeptCall, nowMs = Date.now(), storage = ofThisTab): void {
  try {
    storage().setItem(STORAGE_KEY, JSON.stringify({ ...call, atMs: nowMs }));
  } catch {
    // Storage may be disabled; the call then ends with a reload.
  }
}

export function forgetCall(storage = ofThisTab): void {
  try {
    storage().removeItem(STORAGE_KEY);
  } catch {
    // Then nothing was kept.
  }
}

/** The call that this tab was in when the page was left a moment ago; null if there was none. */
export function keptCall(nowMs = Date.now(), storage = ofThisTab): KeptCall | null {
  try {
    const kept: unknown = JSON.parse(storage().getItem(STORAGE_KEY) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return null;
    const { name, room, mode, password, muted, deafened, atMs } = kept as Record<string, unknown>;
    if (typeof atMs !== 'number' || nowMs - atMs > MAX_AGE_MS || nowMs < atMs) return null;
    if (typeof name !== 'string' || typeof room !== 'string' || typeof password !== 'string') return null;
    if (mode !== 'open' && mode !== 'muted' && mode !== 'listen') return null;
    return { name, room, mode, password, muted: muted === true, deafened: deafened === true };
  } catch {
    return null;
  }
}

/** Whether the browser has loaded the page again, and not somebody opened a link. */
export function isReload(): boolean {
  const [entry] = performance.getEntriesByType('navigation');
  const type = (entry as PerformanceNavigationTiming | undefined)?.type;
  return type === 'reload' || type === 'back_forward';
}
