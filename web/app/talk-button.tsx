import { useEffect } from 'preact/hooks';
import { watchHold } from '../sdk/push-to-talk.ts';
import { bindingName } from './binding-name.ts';
import type { Call } from './call.ts';
import { strings } from './language.ts';
import { isHeldMode } from './own-voice.ts';
import { preferences } from './preferences.ts';

const texts = strings.talk;
const VIBRATE_MS = 15;
const PRESS: ReadonlySet<string> = new Set([' ', 'Enter']);

/** Held down to talk, or to be silent, by those who have chosen that. The key or button of their choice does the same. */
export function TalkButton({ call }: { call: Call }) {
  const { mode, binding } = preferences.value.talk;
  const { voice } = call;
  useEffect(() => {
    voice.setTalkMode(mode);
    if (!isHeldMode(mode)) return;
    return watchHold(binding, (isHeld) => voice.hold(isHeld));
  }, [mode, binding]);
  if (!isHeldMode(mode)) return null;
  const release = () => voice.hold(false);
  return (
    <button
      type="button"
      class="talk-button"
      data-testid="talk"
      data-sending={voice.isSending.value}
      aria-pressed={voice.isHeld.value}
      disabled={voice.muted.value}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        navigator.vibrate?.(VIBRATE_MS);
        voice.hold(true);
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onLostPointerCapture={release}
      onKeyDown={(event) => {
        if (PRESS.has(event.key) && !event.repeat) voice.hold(true);
      }}
      onKeyUp={release}
      onBlur={release}
      onContextMenu={(event) => event.preventDefault()}
    >
      <strong>{voice.muted.value ? texts.isMuted : texts.hold[mode]}</strong>
      <span class="talk-key">{texts.or(bindingName(binding))}</span>
    </button>
  );
}
