import type { ConnectionState } from '../sdk/connection-state.ts';
import { VoiceError } from '../sdk/voice-error.ts';
import { table as english, type Table } from './locales/en.ts';
import { numbersOf } from './locales/grammar.ts';
import { chooseLanguage, ENGLISH, type Language } from './locales/languages.ts';
import { preferences, remember } from './preferences.ts';

type ClosedState = Extract<ConnectionState, { status: 'closed' }>;

const STORAGE_KEY = 'partyline-language';

// Everything that imports this module waits until the texts are there.
const picked = pickedLanguage();
const { chosen, table } = await load(chooseLanguage([picked, ...browserLanguages()]));

/** The language of the page, until it is loaded again. */
export const language: Language = chosen;
/** Its tag if a person or the address has picked it; empty if it is the browser's. */
export const pickedTag = picked === '' ? '' : chosen.tag;

/** All texts of the page. */
export const strings = {
  ...table,
  state,
  whileReconnecting,
  problem,
  closed,
  failed,
  someOf,
};

/** Loads the page again in this language; empty for the browser's. A call goes on. */
export function useLanguage(tag: string): void {
  remember({ language: tag });
  askedOfThisTab('');
  const url = new URL(location.href);
  url.searchParams.delete('lang');
  history.replaceState(history.state, '', url);
  location.reload();
}

/** English takes the place of a language that cannot be loaded. */
async function load(chosen: Language): Promise<{ readonly chosen: Language; readonly table: Table }> {
  try {
    return { chosen, table: (await chosen.load()).table };
  } catch {
    return { chosen: ENGLISH, table: english };
  }
}

function pickedLanguage(): string {
  if (typeof document === 'undefined') return '';
  return askedOfThisTab(new URLSearchParams(location.search).get('lang')) || preferences.value.language;
}

function browserLanguages(): readonly string[] {
  return typeof document === 'undefined' ? [] : navigator.languages;
}

/**
 * The language that the address of this tab has asked for; empty for none. Joining a room changes the address, so it is
 * kept until the tab is closed.
 *
 * @param asked a new one; empty to forget it, null for the last one
 */
function askedOfThisTab(asked: string | null): string {
  try {
    if (asked !== null) sessionStorage.setItem(STORAGE_KEY, asked);
    return sessionStorage.getItem(STORAGE_KEY) ?? '';
  } catch {
    // Storage may be disabled; a reload in the room then forgets it.
    return asked ?? '';
  }
}

function state(state: ConnectionState): string {
  switch (state.status) {
    case 'idle':
    case 'closed':
      return table.states.closed;
    case 'connecting':
      return table.states.connecting;
    case 'reconnecting':
      if (state.reason === 'server_closing') return table.states.restarting;
      return state.hasSound ? table.states.reconnecting : table.states.lost;
    case 'connected':
      return table.mediaStates[state.media];
  }
}

/** What people should know in addition to the state; empty for nothing. */
function whileReconnecting(state: ConnectionState & { status: 'reconnecting' }): string {
  if (state.reason === 'server_closing') return table.backAfterRestart;
  return state.hasSound ? table.stillHeard : '';
}

/** The message for this code, or the server's own if the server is newer than the page. */
function problem(code: string, message: string): string {
  const sentence = (table.problems as Readonly<Record<string, string>>)[code];
  return sentence ?? (message || table.refused(code));
}

/** Why the conversation ended; empty if the person has left. */
function closed({ reason, message, retryAfterMs }: ClosedState): string {
  if (reason === 'left') return '';
  if (reason === 'kicked' && retryAfterMs !== undefined) return table.banned(durationText(retryAfterMs));
  return problem(reason, message);
}

/** At most three names, and how many more there are. */
function someOf(names: readonly string[], all = names.length): string {
  const shown = names.slice(0, 3);
  const others = all - shown.length;
  return `${shown.join(table.separator)}${others > 0 ? ` ${table.rooms.more(others)}` : ''}`;
}

/** What is said of a request that the server has refused. */
function failed(error: unknown): string {
  if (!(error instanceof VoiceError)) return table.problems.internal;
  const seconds = Math.ceil((error.retryAfterMs ?? 0) / 1000);
  const sentence = problem(error.code, error.message);
  return seconds > 0 ? table.chat.problemFor(sentence, seconds) : sentence;
}

/** `40 seconds`, `10 minutes`, `2 hours`: rounded up, so that nobody comes back too early. */
function durationText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const [count, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 5400
        ? [Math.ceil(seconds / 60), 'minute']
        : [Math.ceil(seconds / 3600), 'hour'];
  return new Intl.NumberFormat(numbersOf(language.tag), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
