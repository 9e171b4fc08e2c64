import type { Signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { strings } from './strings.ts';

/** Shown when the server has asked for it, and then what comes next. */
export function PasswordField({ password, isWrong }: { password: Signal<string>; isWrong: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  // Before the field can be seen: who types at once types into it.
  useLayoutEffect(() => {
    input.current?.focus();
    if (isWrong) input.current?.select();
  }, [isWrong]);
  return (
    <label class="field">
      <span class="field-label">{strings.join.password}</span>
      <input
        ref={input}
        type="password"
        data-testid="password"
        value={password.value}
        maxLength={256}
        autocomplete="current-password"
        aria-invalid={isWrong}
        onInput={(event) => {
          password.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}
