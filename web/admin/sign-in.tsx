import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { AdminSession } from './admin-session.ts';
import { SaidMessage } from './messages.tsx';
import { strings } from './strings.ts';

/** Asks for the admin token. */
export function SignIn({ session }: { session: AdminSession }) {
  const token = useSignal('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <main class="sign-in">
      <h1>{strings.title}</h1>
      <SaidMessage session={session} />
      <form
        class="card dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.value.trim() !== '') session.signIn(token.value.trim());
        }}
      >
        <label class="field">
          <span class="field-label">{strings.tokenLabel}</span>
          <input
            ref={input}
            type="password"
            autocomplete="off"
            required
            data-testid="admin-token"
            value={token.value}
            onInput={(event) => {
              token.value = event.currentTarget.value;
            }}
          />
          <span class="field-hint">{strings.tokenHint}</span>
        </label>
        <button type="submit" class="button button-primary" data-testid="sign-in">
          {strings.signIn}
        </button>
      </form>
    </main>
  );
}
