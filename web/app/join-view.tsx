import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import { isEmbedded } from './embedded.ts';
import { Logo, WarningIcon } from './icons.tsx';
import { isTokenDamaged, joinToken } from './join-token.ts';
import { strings } from './language.ts';
import { LanguageMenu } from './language-menu.tsx';
import { useLazy } from './lazy.ts';
import { PasswordField } from './password-field.tsx';
import { type JoinMode, preferences } from './preferences.ts';
import { isRoomName, isSameRoom, roomOfPath, suggestRoomName, tidyRoomName } from './room-link.ts';
import { Preview } from './room-preview.tsx';
import { OpenRooms } from './rooms/open-rooms.tsx';

const MODES: readonly JoinMode[] = ['open', 'muted', 'listen'];
const texts = strings.join;

export function JoinView({ call }: { call: Call }) {
  const token = joinToken.value;
  const name = useSignal(token?.name ?? preferences.value.name);
  const room = useSignal(token?.room ?? roomOfPath(location.pathname) ?? (call.room.value || preferences.value.room));
  const modes = token?.maySpeak === false ? MODES.filter((mode) => mode === 'listen') : MODES;
  const mode = useSignal<JoinMode>(modes.length === 1 ? 'listen' : preferences.value.mode);
  const password = useSignal('');
  const problem = useSignal<{ field: 'name' | 'room'; text: string; suggestion?: string } | null>(null);
  const nameInput = useRef<HTMLInputElement>(null);
  const roomInput = useRef<HTMLInputElement>(null);
  const loadCheck = () => import('./sound-check.tsx').then(({ SoundCheck }) => SoundCheck);
  const Check = useLazy(call.isTrying.value, loadCheck, () => call.setTrying(false));

  const loadSignIn = () => import('./sign-in/sign-in-link.tsx').then(({ SignInLink }) => SignInLink);
  const SignIn = useLazy(token === null && !isEmbedded(), loadSignIn);

  useEffect(() => {
    document.title = strings.product;
    // On a phone the keyboard would cover the form.
    if (!asksPassword && !matchMedia('(pointer: coarse)').matches)
      (name.value === '' ? nameInput : roomInput).current?.focus();
  }, []);

  const join = () => {
    const wanted = {
      name: name.value.trim(),
      room: tidyRoomName(room.value),
      mode: mode.value,
      password: asksPassword ? password.value : '',
    };
    if (wanted.name === '') problem.value = { field: 'name', text: texts.nameMissing };
    else if (!isRoomName(wanted.room))
      problem.value = { field: 'room', text: texts.roomInvalid, suggestion: suggestRoomName(wanted.room) };
    else {
      problem.value = null;
      void call.join(wanted);
      return;
    }
    (problem.value.field === 'name' ? nameInput : roomInput).current?.focus();
  };

  const state = call.state.value;
  const isBusy = state.status === 'connecting';
  const closedText = state.status === 'closed' ? strings.closed(state) : isTokenDamaged.value ? texts.tokenDamaged : '';
  const isPasswordWrong = state.status === 'closed' && state.reason === 'wrong_password';
  // It stays during the next attempt, and disappears when another room is entered.
  const asksPassword = call.passwordRoom.value !== null && isSameRoom(call.passwordRoom.value, room.value);
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
          join();
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
            dir={name.value === '' ? undefined : 'auto'}
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
            dir="auto"
            maxLength={512}
            readOnly={token !== null}
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
        {token === null && problemOf('room') === null && <Preview room={room.value} />}
        {token === null && (
          <OpenRooms
            onChoose={(name) => {
              room.value = name;
              problem.value = null;
              roomInput.current?.focus();
            }}
          />
        )}
        {problem.value?.suggestion && (
          <button
            type="button"
            class="button suggestion"
            data-testid="suggestion"
            onClick={() => {
              room.value = problem.value?.suggestion ?? room.value;
              problem.value = null;
              roomInput.current?.focus();
            }}
          >
            {texts.useInstead(problem.value.suggestion)}
          </button>
        )}
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
        {call.isTrying.value ? (
          Check && <Check call={call} />
        ) : (
          <button type="button" class="button-plain" data-testid="check-sound" onClick={() => call.setTrying(true)}>
            {strings.check.open}
          </button>
        )}
        <button type="submit" class="button button-primary button-large" data-testid="join" disabled={isBusy}>
          {isBusy ? texts.joining : texts.submit}
        </button>
        {!isBusy && SignIn && <SignIn room={room.value} />}
        {isBusy && (
          <button type="button" class="button" data-testid="cancel-join" onClick={() => call.leave()}>
            {texts.cancel}
          </button>
        )}
      </form>
      <LanguageMenu />
    </main>
  );
}
