/** What a single key can do in the room. */
export type ShortcutAction = 'mute' | 'deafen';

/** Keys by `KeyboardEvent.code`, which names the place on the keyboard, whatever the layout; empty for none. */
export interface Shortcuts {
  readonly isOn: boolean;
  readonly keys: Readonly<Record<ShortcutAction, string>>;
}

export const SHORTCUT_ACTIONS: readonly ShortcutAction[] = ['mute', 'deafen'];
export const DEFAULT_SHORTCUTS: Shortcuts = { isOn: true, keys: { mute: 'KeyM', deafen: 'KeyD' } };

/** Keys that the browser or the page needs for moving around and pressing buttons. */
const TAKEN =
  /^(?:Tab|Enter|NumpadEnter|Space|Escape|Arrow.*|Page.*|Home|End|Shift.*|Control.*|Alt.*|Meta.*|CapsLock|F\d+)$/;

export function isUsableKey(code: string): boolean {
  return code !== '' && code !== 'Unidentified' && !TAKEN.test(code);
}

/** The key as people know it: `M`, `7`, `Backquote`. */
export function keyName(code: string): string {
  return code.replace(/^(?:Key|Digit)/, '').replace(/^Numpad(?=.)/, 'Numpad ');
}

/** The same with this key for the action. Another action that had the key loses it. */
export function withKey({ isOn, keys }: Shortcuts, action: ShortcutAction, code: string): Shortcuts {
  const others = Object.fromEntries(SHORTCUT_ACTIONS.map((other) => [other, keys[other] === code ? '' : keys[other]]));
  return { isOn, keys: { ...keys, ...others, [action]: code } };
}

/** The part of a `KeyboardEvent` that decides. */
export type PressedKey = Pick<KeyboardEvent, 'code' | 'repeat' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing'>;

/** What this key does; null for nothing. With a modifier, keys belong to the browser. */
export function actionOf(event: PressedKey, { isOn, keys }: Shortcuts): ShortcutAction | null {
  if (!isOn || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  return SHORTCUT_ACTIONS.find((action) => keys[action] !== '' && keys[action] === event.code) ?? null;
}

/** Fields take the keys themselves. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, select, textarea, [contenteditable]') !== null;
}
