import type { Call } from '../call.ts';
import { AwayIcon } from '../icons.tsx';
import { strings } from '../language.ts';

const texts = strings.signals;

/** In one's own tile: whether one is at the computer. */
export function AwayButton({ call }: { readonly call: Call }) {
  const isAway = call.self.value?.away === true;
  return (
    <button
      type="button"
      class="volume away"
      data-testid="away"
      aria-pressed={isAway}
      aria-label={texts.setAway}
      title={texts.setAway}
      onClick={() => call.client.setPresence({ away: !isAway })}
    >
      <AwayIcon />
    </button>
  );
}

/** In the settings. */
export function SignalSettings({ call }: { readonly call: Call }) {
  return (
    <label class="switch">
      <span>{texts.sounds}</span>
      <input
        type="checkbox"
        data-testid="signal-sounds"
        checked={call.signals.hasSounds.value}
        onChange={(event) => call.signals.setSounds(event.currentTarget.checked)}
      />
    </label>
  );
}
