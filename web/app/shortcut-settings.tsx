import { useSignal } from '@preact/signals';
import { lateStrings } from './late-strings.ts';
import { preferences, remember } from './preferences.ts';
import { isUsableKey, keyName, SHORTCUT_ACTIONS, type ShortcutAction, withKey } from './shortcuts.ts';

const texts = lateStrings.shortcuts;

/** Single keys can be switched off and changed, because speech recognition and cats press them, too (WCAG 2.1.4). */
export function ShortcutSettings() {
  const { shortcuts } = preferences.value;
  /** The action that waits for its new key. */
  const asked = useSignal<ShortcutAction | null>(null);
  return (
    <fieldset class="field">
      <legend class="field-label">{texts.title}</legend>
      <label class="switch">
        <span>{texts.isOn}</span>
        <input
          type="checkbox"
          data-testid="shortcuts"
          checked={shortcuts.isOn}
          onChange={(event) => remember({ shortcuts: { ...shortcuts, isOn: event.currentTarget.checked } })}
        />
      </label>
      {shortcuts.isOn &&
        SHORTCUT_ACTIONS.map((action) => {
          const code = shortcuts.keys[action];
          const isAsked = asked.value === action;
          return (
            <div key={action} class="switch">
              <span id={`key-of-${action}`}>{texts.actions[action]}</span>
              <button
                type="button"
                class="button key"
                data-testid={`key-${action}`}
                aria-describedby={`key-of-${action}`}
                aria-pressed={isAsked}
                onClick={() => {
                  asked.value = isAsked ? null : action;
                }}
                onBlur={() => {
                  asked.value = null;
                }}
                onKeyDown={(event) => {
                  if (!isAsked || !isUsableKey(event.code)) return;
                  event.preventDefault();
                  asked.value = null;
                  remember({ shortcuts: withKey(shortcuts, action, event.code) });
                }}
              >
                {isAsked ? texts.press : code === '' ? texts.none : keyName(code)}
              </button>
            </div>
          );
        })}
      <span class="field-hint">{texts.hint}</span>
    </fieldset>
  );
}
