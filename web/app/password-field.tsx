import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { strings } from './strings.ts';

/** Shown when the server has asked for it, and then what comes next. */
export function PasswordField({ password, isWrong }: { password: Signal<string>; isWrong: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
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
