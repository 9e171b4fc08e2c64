import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import { Logo, WarningIcon } from './icons.tsx';
import { joinToken } from './join-token.ts';
import { PasswordField } from './password-field.tsx';
import { type JoinMode, preferences } from './preferences.ts';
import { isRoomName, roomOfPath } from './room-link.ts';
import { strings } from './strings.ts';

const MODES: readonly JoinMode[] = ['open', 'muted', 'listen'];
const texts = strings.join;

export function JoinView({ call }: { call: Call }) {
  const token = joinToken.value;
  const name = useSignal(token?.name ?? preferences.value.name);
  const room = useSignal(token?.room || (roomOfPath(location.pathname) ?? (call.room.value || preferences.value.room)));
  const modes = token?.maySpeak === false ? MODES.filter((mode) => mode === 'listen') : MODES;
  const mode = useSignal<JoinMode>(modes.length === 1 ? 'listen' : preferences.value.mode);
  const password = useSignal('');
  const problem = useSignal<{ field: 'name' | 'room'; text: string } | null>(null);
  const nameInput = useRef<HTMLInputElement>(null);
  const roomInput = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = strings.product;
    // On a phone the keyboard would cover the form.
    if (!asksPassword && !matchMedia('(pointer: coarse)').matches)
      (name.value === '' ? nameInput : roomInput).current?.focus();
  }, []);

  const join = (chosen: JoinMode) => {
    const wanted = {
      name: name.value.trim(),
      room: room.value.trim(),
      mode: chosen,
      password: asksPassword ? password.value : '',
    };
    if (wanted.name === '') problem.value = { field: 'name', text: texts.nameMissing };
    else if (!isRoomName(wanted.room)) problem.value = { field: 'room', text: texts.roomInvalid };
    else {
      problem.value = null;
      void call.join(wanted);
      return;
    }
    (problem.value.field === 'name' ? nameInput : roomInput).current?.focus();
  };

  const failure = call.microphone.failure.value;
  const state = call.state.value;
  const isBusy = call.isAskingMicrophone.value || state.status === 'connecting';
  const closedText = state.status === 'closed' ? strings.closed(state.reason, state.message) : '';
  const isPasswordWrong = state.status === 'closed' && state.reason === 'wrong_password';
  // It stays during the next attempt, and disappears when another room is entered.
  const asksPassword = call.passwordRoom.value === room.value.trim();
  const problemOf = (field: 'name' | 'room') => (problem.value?.field === field ? problem.value.text : null);

  return (
    <main class="join">
      <header class="join-header">
        <Logo />
        <h1>{strings.product}</h1>
        <p class="quiet">{strings.tagline}</p>
      </header>
      <form
        class="card"
        aria-label={texts.heading}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          join(mode.value);
        }}
      >
        {closedText !== '' && (
          <p class="message message-error" role="alert" data-testid="join-error">
            <WarningIcon />
            <span>{closedText}</span>
          </p>
        )}
        {asksPassword && <PasswordField password={password} isWrong={isPasswordWrong} />}
        <label class="field">
          <span class="field-label">{texts.name}</span>
          <input
            ref={nameInput}
            data-testid="name"
            value={name.value}
            placeholder={texts.namePlaceholder}
            maxLength={64}
            readOnly={typeof token?.name === 'string'}
            autocomplete="nickname"
            aria-invalid={problemOf('name') !== null}
            aria-describedby="name-problem"
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
          <span class="field-problem" id="name-problem" aria-live="polite">
            {problemOf('name')}
          </span>
        </label>
        <label class="field">
          <span class="field-label">{texts.room}</span>
          <input
            ref={roomInput}
            data-testid="room"
            value={room.value}
            maxLength={64}
            readOnly={token !== null && token.room !== ''}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            aria-invalid={problemOf('room') !== null}
            aria-describedby="room-hint"
            onInput={(event) => {
              room.value = event.currentTarget.value;
            }}
          />
          <span class={problemOf('room') === null ? 'field-hint' : 'field-problem'} id="room-hint" aria-live="polite">
            {problemOf('room') ?? (token === null ? texts.roomHint : texts.tokenRoom)}
          </span>
        </label>
        <fieldset class="field">
          <legend class="field-label">{texts.mode}</legend>
          <div class="segments">
            {modes.map((choice) => (
              <label key={choice}>
                <input
                  type="radio"
                  name="mode"
                  data-testid={`mode-${choice}`}
                  checked={mode.value === choice}
                  onChange={() => {
                    mode.value = choice;
                  }}
                />
                <span>{texts.modes[choice]}</span>
              </label>
            ))}
          </div>
          <span class="field-hint" aria-live="polite">
            {modes.length === 1 ? texts.tokenListens : texts.modeHints[mode.value]}
          </span>
        </fieldset>
        {failure !== null && !isBusy && (
          <div
            class="message message-error"
            role="alert"
            data-testid="microphone-failure"
            data-failure={failure.failure}
          >
            <WarningIcon />
            <div>
              <strong>{strings.microphone.title}</strong>
              <p>{strings.microphone.failures[failure.failure]}</p>
              <button type="button" class="button" data-testid="join-listen-only" onClick={() => join('listen')}>
                {texts.listenInstead}
              </button>
            </div>
          </div>
        )}
        <button type="submit" class="button button-primary button-large" data-testid="join" disabled={isBusy}>
          {isBusy ? texts.joining : failure === null ? texts.submit : texts.retry}
        </button>
        <p class="field-hint centered" aria-live="polite">
          {call.isAskingMicrophone.value ? texts.askingMicrophone : ''}
        </p>
      </form>
    </main>
  );
}
