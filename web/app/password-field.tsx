import type { Signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { strings } from './language.ts';

/** The password field, shown after the server has asked for a password. */
export function PasswordField({ password, isWrong }: { password: Signal<string>; isWrong: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  // Focuses the field before it is painted, so that immediate typing goes into it.
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
