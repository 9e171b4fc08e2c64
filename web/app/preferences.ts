import { computed, signal } from '@preact/signals';
import type { SoundProcessing } from '../sdk/microphone.ts';
import type { HoldBinding } from '../sdk/push-to-talk.ts';
import type { TalkMode } from './own-voice.ts';
import { DEFAULT_SHORTCUTS, isUsableKey, SHORTCUT_ACTIONS, type Shortcuts } from './shortcuts.ts';
import type { VoiceShape } from './voice/voice-chain.ts';
import { THRESHOLD_DBFS } from './voice/voice-gate.ts';

/** How to join: with an open microphone, with a muted one, or without one. */
export type JoinMode = 'open' | 'muted' | 'listen';

export const TALK_MODES: readonly TalkMode[] = ['open', 'voice', 'push', 'mute'];

export interface TalkChoice {
  readonly mode: TalkMode;
  readonly binding: HoldBinding;
  /** In the mode `voice`, the level that opens the microphone, in dBFS; null for one that follows the noise. */
  readonly thresholdDbfs: number | null;
}

/** The gains that people can choose for their microphone, in dB. */
export const GAIN_DB = { least: -12, most: 12 };

/** What this page does to the voice, besides what the browser does. */
export interface VoiceProcessing {
  readonly gainDb: number;
  readonly isStrong: boolean;
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
  readonly voice: VoiceProcessing;
  /** Of everything that is heard, 0 to 1. */
  readonly outputVolume: number;
  readonly shortcuts: Shortcuts;
  readonly talk: TalkChoice;
  /** Of the page (BCP 47); empty for the browser's. */
  readonly language: string;
}

const STORAGE_KEY = 'partyline';

const defaults: Preferences = {
  name: '',
  room: 'lobby',
  mode: 'open',
  inputId: '',
  outputId: '',
  processing: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  voice: { gainDb: 0, isStrong: false },
  outputVolume: 1,
  shortcuts: DEFAULT_SHORTCUTS,
  talk: { mode: 'open', binding: { kind: 'key', code: 'KeyV' }, thresholdDbfs: null },
  language: '',
};

export const preferences = signal<Preferences>(load());

/** What the voice goes through before it is sent. */
export const voiceShape = computed((): VoiceShape => {
  const { voice, talk } = preferences.value;
  return { ...voice, gate: talk.mode === 'voice' ? { thresholdDbfs: talk.thresholdDbfs } : null };
});

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
  const text = (key: 'name' | 'room' | 'inputId' | 'outputId' | 'language'): string => {
    const value = stored[key];
    return typeof value === 'string' ? value : defaults[key];
  };
  const processing = recordOf(stored['processing']);
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
    voice: voiceOf(stored['voice']),
    outputVolume: within(stored['outputVolume'], { least: 0, most: 1 }) ?? defaults.outputVolume,
    shortcuts: shortcutsOf(stored['shortcuts']),
    talk: talkOf(stored['talk']),
    language: text('language'),
  };
}

function shortcutsOf(stored: unknown): Shortcuts {
  const { isOn, keys } = recordOf(stored);
  const all = recordOf(keys);
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
  const { mode, binding, thresholdDbfs } = recordOf(stored);
  return {
    mode: TALK_MODES.find((each) => each === mode) ?? defaults.talk.mode,
    binding: bindingOf(binding),
    thresholdDbfs: within(thresholdDbfs, THRESHOLD_DBFS),
  };
}

function bindingOf(stored: unknown): HoldBinding {
  const { kind, code, button } = recordOf(stored);
  if (kind === 'key' && typeof code === 'string' && code !== '') return { kind, code };
  if ((kind === 'mouse' || kind === 'gamepad') && Number.isInteger(button)) return { kind, button: Number(button) };
  return defaults.talk.binding;
}

function voiceOf(stored: unknown): VoiceProcessing {
  const { gainDb, isStrong } = recordOf(stored);
  return { gainDb: within(gainDb, GAIN_DB) ?? defaults.voice.gainDb, isStrong: isStrong === true };
}

/** Null for everything else than a number in this range. */
function within(value: unknown, { least, most }: { readonly least: number; readonly most: number }): number | null {
  return typeof value === 'number' && value >= least && value <= most ? value : null;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
