import { signal } from '@preact/signals';
import type { SoundProcessing } from '../sdk/microphone.ts';
import type { HoldBinding } from '../sdk/push-to-talk.ts';
import type { TalkMode } from './own-voice.ts';
import { DEFAULT_SHORTCUTS, isUsableKey, SHORTCUT_ACTIONS, type Shortcuts } from './shortcuts.ts';

/** How to join: with an open microphone, with a muted one, or without one. */
export type JoinMode = 'open' | 'muted' | 'listen';

export const TALK_MODES: readonly TalkMode[] = ['open', 'push', 'mute'];

export interface TalkChoice {
  readonly mode: TalkMode;
  readonly binding: HoldBinding;
}

/** The preferences that this browser keeps between visits. */
export interface Preferences {
  readonly name: string;
  readonly room: string;
  readonly mode: JoinMode;
  /** Empty for the default device. */
  readonly inputId: string;
  readonly outputId: string;
  readonly processing: SoundProcessing;
  readonly shortcuts: Shortcuts;
  readonly talk: TalkChoice;
}

const STORAGE_KEY = 'partyline';

const defaults: Preferences = {
  name: '',
  room: 'lobby',
  mode: 'open',
  inputId: '',
  outputId: '',
  processing: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  shortcuts: DEFAULT_SHORTCUTS,
  talk: { mode: 'open', binding: { kind: 'key', code: 'KeyV' } },
};

export const preferences = signal<Preferences>(load());

/** Changes some of the preferences and stores them, if the browser allows storage. */
export function remember(change: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...change };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(preferences.value));
  } catch {
    // Storage may be disabled; the choice then lasts until the page is closed.
  }
}

function load(): Preferences {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
    return typeof stored === 'object' && stored !== null ? merge(stored as Record<string, unknown>) : defaults;
  } catch {
    return defaults;
  }
}

/** Keeps only fields of the right type: another version, or a person, may have written the stored object. */
function merge(stored: Record<string, unknown>): Preferences {
  const text = (key: 'name' | 'room' | 'inputId' | 'outputId'): string => {
    const value = stored[key];
    return typeof value === 'string' ? value : defaults[key];
  };
  const processing = (stored['processing'] ?? {}) as Record<string, unknown>;
  const isOn = (key: keyof SoundProcessing): boolean => processing[key] !== false;
  const mode = stored['mode'];
  return {
    name: text('name'),
    room: text('room'),
    mode: mode === 'muted' || mode === 'listen' ? mode : defaults.mode,
    inputId: text('inputId'),
    outputId: text('outputId'),
    processing: {
      echoCancellation: isOn('echoCancellation'),
      noiseSuppression: isOn('noiseSuppression'),
      autoGainControl: isOn('autoGainControl'),
    },
    shortcuts: shortcutsOf(stored['shortcuts']),
    talk: talkOf(stored['talk']),
  };
}

function shortcutsOf(stored: unknown): Shortcuts {
  if (typeof stored !== 'object' || stored === null) return defaults.shortcuts;
  const { isOn, keys } = stored as { isOn?: unknown; keys?: unknown };
  const all = (typeof keys === 'object' && keys !== null ? keys : {}) as Record<string, unknown>;
  const keyOf = (action: keyof Shortcuts['keys']): string => {
    const code = all[action];
    return typeof code === 'string' && (code === '' || isUsableKey(code)) ? code : defaults.shortcuts.keys[action];
  };
  return {
    isOn: isOn !== false,
    keys: Object.fromEntries(SHORTCUT_ACTIONS.map((action) => [action, keyOf(action)])) as Shortcuts['keys'],
  };
}

function talkOf(stored: unknown): TalkChoice {
  const { mode, binding } = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const { kind, code, button } = (typeof binding === 'object' && binding !== null ? binding : {}) as Record<
    string,
    unknown
  >;
  const known = TALK_MODES.find((each) => each === mode) ?? defaults.talk.mode;
  if (kind === 'key' && typeof code === 'string' && code !== '') return { mode: known, binding: { kind, code } };
  if ((kind === 'mouse' || kind === 'gamepad') && Number.isInteger(button))
    return { mode: known, binding: { kind, button: Number(button) } };
  return { mode: known, binding: defaults.talk.binding };
}
