import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { AdminSession } from './admin-session.ts';
import { strings } from './strings.ts';
import { Switch } from './switch.tsx';

const HOUR_S = 3600;

/** Creates a join token, as a link to send to someone. */
export function TokenView({ session }: { session: AdminSession }) {
  const room = useSignal('lobby');
  const identity = useSignal('');
  const hours = useSignal('24');
  const maySpeak = useSignal(true);
  const mayModerate = useSignal(false);
  const link = useSignal('');
  const shown = useRef<HTMLInputElement>(null);
  const make = async () => {
    const made = await session.run((api) =>
      api.createToken({
        room: room.value,
        identity: identity.value,
        maySpeak: maySpeak.value,
        mayModerate: mayModerate.value,
        expiresInSeconds: Math.round(Number(hours.value) * HOUR_S),
      }),
    );
    link.value = made === undefined ? '' : new URL(made.path, location.origin).href;
  };
  const copy = async () => {
    // Pages over plain HTTP have no clipboard access. The link is then selected, to be copied with the keyboard.
    shown.current?.select();
    await navigator.clipboard?.writeText(link.value);
    if (navigator.clipboard !== undefined) session.said.value = { kind: 'notice', text: strings.copied };
  };
  const text = (id: string, label: string, value: typeof room, more = {}) => (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        required
        data-testid={id}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
        {...more}
      />
    </label>
  );
  return (
    <section class="card panel" aria-labelledby="token-title">
      <h2 id="token-title">{strings.token}</h2>
      <form
        class="token-form"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        {text('token-room', strings.tokenRoom, room, { maxLength: 64 })}
        {text('token-identity', strings.identity, identity, { title: strings.identityHint })}
        {text('token-hours', strings.hours, hours, { inputMode: 'numeric', pattern: '[1-9][0-9]{0,3}' })}
        <Switch id="token-may-speak" label={strings.maySpeak} value={maySpeak} />
        <Switch id="token-may-moderate" label={strings.mayModerate} value={mayModerate} />
        <button type="submit" class="button" data-testid="make-token">
          {strings.makeToken}
        </button>
      </form>
      {link.value !== '' && (
        <div class="inline-form">
          <label class="field">
            <span class="field-label">{strings.link}</span>
            <input ref={shown} readOnly data-testid="token-link" value={link.value} />
            <span class="field-hint">{strings.linkHint}</span>
          </label>
          <button type="button" class="button" data-testid="copy-link" onClick={() => void copy()}>
            {strings.copy}
          </button>
        </div>
      )}
    </section>
  );
}
