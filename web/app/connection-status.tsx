import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from './call.ts';
import { SpeakerIcon, WarningIcon } from './icons.tsx';
import { strings } from './strings.ts';

const BARS = { good: 4, fair: 2, poor: 1 } as const;

/** The connection quality as a word and as bars. */
export function ConnectionStatus({ call }: { call: Call }) {
  const state = call.state.value;
  const hasSound = state.status === 'connected' && state.media === 'connected';
  const grade = hasSound ? (call.quality.value?.grade ?? null) : null;
  const bars = grade === null ? 0 : BARS[grade];
  const text = grade === null ? strings.state(state) : strings.quality[grade];
  return (
    <p
      class="status"
      data-testid="connection-state"
      data-state={state.status}
      data-media={state.status === 'connected' ? state.media : undefined}
      data-quality={grade ?? undefined}
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
            <strong role="status">{strings.state(state)}.</strong> {state.hasSound && `${strings.stillHeard} `}
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
      {captured.length > 0 && (
        <p class="message message-warning" role="alert" data-testid="captured">
          <WarningIcon />
          <span>{strings.room.capturedWhy(captured.map(({ name }) => name).join(', '))}</span>
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
