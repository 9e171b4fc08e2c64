import { signal } from '@preact/signals';
import type { SoundProcessing } from '../sdk/microphone.ts';

/** How to join: with an open microphone, with a muted one, or without one. */
export type JoinMode = 'open' | 'muted' | 'listen';

/** The preferences that this browser keeps between visits. */
export interface Preferences {
  readonly name: string;
  readonly room: string;
  readonly mode: JoinMode;
  /** Empty for the default device. */
  readonly inputId: string;
  readonly outputId: string;
  readonly processing: SoundProcessing;
}

const STORAGE_KEY = 'partyline';

const defaults: Preferences = {
  name: '',
  room: 'lobby',
  mode: 'open',
  inputId: '',
  outputId: '',
  processing: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
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
  };
}
