import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from './call.ts';
import { HeadphonesOffIcon, SpeakerIcon, WarningIcon } from './icons.tsx';
import { strings } from './language.ts';
import { wayNote } from './sound-way.ts';

const BARS = { good: 4, fair: 2, poor: 1 } as const;

/** The connection quality as a word and as bars. */
export function ConnectionStatus({ call }: { call: Call }) {
  const state = call.state.value;
  const isAnswering = call.isAnswering.value;
  const hasSound = state.status === 'connected' && state.media === 'connected' && isAnswering;
  const grade = hasSound ? (call.quality.value?.grade ?? null) : null;
  const bars = grade === null ? 0 : BARS[grade];
  const words = grade === null ? strings.state(state) : strings.quality[grade];
  const sound = hasSound && wayNote.value ? words + strings.separator + wayNote.value : words;
  const text = isAnswering ? sound : strings.notAnswering;
  return (
    <p
      class="status"
      data-testid="connection-state"
      data-state={state.status}
      data-media={state.status === 'connected' ? state.media : undefined}
      data-via={wayNote.value && 'websocket'}
      data-quality={grade ?? undefined}
      data-answering={isAnswering}
    >
      <span class="bars" aria-hidden="true" data-bars={bars}>
        {[1, 2, 3, 4].map((bar) => (
          <span key={bar} class="bar" data-on={bar <= bars} />
        ))}
      </span>
      <span role="status">{text}</span>
    </p>
  );
}

/** The current problem, and what the person can do about it. */
export function Banners({ call }: { call: Call }) {
  const state = call.state.value;
  const captured = [...call.participants.value.values()].filter((person) => person.captured);
  return (
    <>
      {state.status === 'reconnecting' && (
        <div class="message message-warning" data-testid="reconnecting">
          <WarningIcon />
          <span>
            <strong role="status">{strings.state(state)}.</strong> {strings.whileReconnecting(state)}{' '}
            <Countdown attempt={state.attempt} untilMs={state.nextTryAtMs} />
          </span>
          <button type="button" class="button" data-testid="retry-now" onClick={() => call.client.retryNow()}>
            {strings.retryNow}
          </button>
        </div>
      )}
      {state.status === 'connected' && state.media === 'blocked' && (
        <div class="message message-warning" role="alert" data-testid="media-blocked">
          <WarningIcon />
          <span>{strings.blocked}</span>
        </div>
      )}
      {state.status === 'connected' && state.media === 'busy' && (
        <div class="message message-warning" role="alert" data-testid="server-busy">
          <WarningIcon />
          <span>{strings.busy}</span>
        </div>
      )}
      {call.isDraining.value && (
        <p class="message message-notice" role="status" data-testid="draining">
          {strings.room.draining}
        </p>
      )}
      <Microphone call={call} />
      {call.voice.deafened.value && (
        <div class="message message-notice" data-testid="deafened">
          <HeadphonesOffIcon />
          <span>{strings.room.deafenedWhy}</span>
          <button type="button" class="button" data-testid="undeafen" onClick={() => call.setDeafened(false)}>
            {strings.room.undeafen}
          </button>
        </div>
      )}
      {captured.length > 0 && (
        <p class="message message-warning" role="alert" data-testid="captured">
          <WarningIcon />
          <span>{strings.room.capturedWhy(captured.map(({ name }) => name))}</span>
        </p>
      )}
      {call.self.value?.mutedByModerator && (
        <p class="message message-warning" role="alert" data-testid="muted-by-moderator">
          <WarningIcon />
          <span>{strings.microphone.mutedByModerator}</span>
        </p>
      )}
      {call.self.value?.maySpeak === false && (
        <p class="message message-notice" data-testid="listens-only">
          {strings.microphone.listensOnly}
        </p>
      )}
      {call.speaker.isLocked.value && (
        <div class="message message-warning" role="alert" data-testid="sound-locked">
          <SpeakerIcon />
          <span>{strings.room.unlockWhy}</span>
          <button
            type="button"
            class="button button-primary"
            data-testid="unlock-sound"
            onClick={() => void call.speaker.unlock()}
          >
            {strings.room.unlock}
          </button>
        </div>
      )}
    </>
  );
}

/** What became of the question for a microphone. */
function Microphone({ call }: { call: Call }) {
  const { failure, track } = call.microphone;
  if (call.isAskingMicrophone.value && track.value === null)
    return (
      <p class="message message-notice" role="status" data-testid="asking-microphone">
        {strings.microphone.asking}
      </p>
    );
  if (failure.value === null || track.value !== null) return null;
  return (
    <div
      class="message message-error"
      role="alert"
      data-testid="microphone-failure"
      data-failure={failure.value.failure}
    >
      <WarningIcon />
      <div>
        <strong>{strings.microphone.title}</strong>
        <p>{strings.microphone.failures[failure.value.failure]}</p>
        <div class="actions">
          <button type="button" class="button" data-testid="retry-microphone" onClick={() => void call.useMicrophone()}>
            {strings.microphone.retry}
          </button>
          <button
            type="button"
            class="button"
            data-testid="listen-only"
            onClick={() => {
              failure.value = null;
            }}
          >
            {strings.microphone.listenInstead}
          </button>
        </div>
      </div>
    </div>
  );
}

function Countdown({ attempt, untilMs }: { attempt: number; untilMs: number }) {
  const nowMs = useSignal(performance.now());
  useEffect(() => {
    nowMs.value = performance.now();
    const timer = setInterval(() => {
      nowMs.value = performance.now();
    }, 250);
    return () => clearInterval(timer);
  }, [untilMs]);
  return <span>{strings.retrying(Math.max(0, Math.ceil((untilMs - nowMs.value) / 1000)), attempt)}</span>;
}
