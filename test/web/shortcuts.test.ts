import { test } from 'tap';
import {
  actionOf,
  DEFAULT_SHORTCUTS,
  isUsableKey,
  keyName,
  type PressedKey,
  withKey,
} from '../../web/app/shortcuts.ts';

const PLAIN: PressedKey = {
  code: 'KeyM',
  repeat: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
};

test('a key does what is chosen for it, alone and once', async (t) => {
  t.equal(actionOf(PLAIN, DEFAULT_SHORTCUTS), 'mute');
  t.equal(actionOf({ ...PLAIN, code: 'KeyD' }, DEFAULT_SHORTCUTS), 'deafen');
  t.equal(actionOf({ ...PLAIN, code: 'KeyX' }, DEFAULT_SHORTCUTS), null);
  for (const other of ['repeat', 'ctrlKey', 'metaKey', 'altKey', 'isComposing'] as const)
    t.equal(actionOf({ ...PLAIN, [other]: true }, DEFAULT_SHORTCUTS), null, other);
  t.equal(actionOf(PLAIN, { ...DEFAULT_SHORTCUTS, isOn: false }), null, 'they can be switched off');
});

test('another key can be chosen, and no key does two things', async (t) => {
  const changed = withKey(DEFAULT_SHORTCUTS, 'mute', 'KeyD');
  t.same(changed.keys, { mute: 'KeyD', deafen: '' });
  t.equal(actionOf({ ...PLAIN, code: 'KeyD' }, changed), 'mute');
  t.equal(actionOf(PLAIN, changed), null);
  t.equal(actionOf({ ...PLAIN, code: '' }, changed), null, 'an action without a key has none');
});

test('keys that move the focus or press buttons cannot be chosen', async (t) => {
  for (const code of ['Tab', 'Enter', 'Space', 'Escape', 'ArrowLeft', 'ShiftLeft', 'F5', 'Unidentified', ''])
    t.equal(isUsableKey(code), false, code);
  for (const code of ['KeyQ', 'Digit1', 'Backquote', 'Numpad0', 'IntlBackslash'])
    t.equal(isUsableKey(code), true, code);
  t.same(['KeyQ', 'Digit1', 'Numpad0', 'Backquote'].map(keyName), ['Q', '1', 'Numpad 0', 'Backquote']);
});
