import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type HoldBinding, nextBinding } from '../sdk/push-to-talk.ts';
import { bindingName } from './binding-name.ts';
import type { Call } from './call.ts';
import { strings } from './language.ts';
import { lateStrings } from './late-strings.ts';
import { LevelMeter } from './level-meter.tsx';
import { isHeldMode } from './own-voice.ts';
import { preferences, remember, TALK_MODES } from './preferences.ts';
import { isUsableKey } from './shortcuts.ts';
import { Slider } from './slider.tsx';
import { THRESHOLD_DBFS } from './voice/voice-gate.ts';

const texts = strings.talk;
/** The buttons of a mouse that nothing else needs. */
const FIRST_SIDE_BUTTON = 3;
/** Until the gate has heard the noise. */
const USUAL_THRESHOLD_DBFS = -45;

/** How this person talks: with an open microphone, or with a key held down. */
export function TalkSettings({ call }: { call: Call }) {
  const { talk } = preferences.value;
  const isAsking = useSignal(false);
  const stopAsking = useRef(() => {});
  const stop = () => {
    isAsking.value = false;
    stopAsking.current();
  };
  const ask = () => {
    isAsking.value = true;
    stopAsking.current = nextBinding(isUsable, (binding) => {
      isAsking.value = false;
      remember({ talk: { ...preferences.value.talk, binding } });
    });
  };
  useEffect(() => stop, []);
  return (
    <div class="field">
      <label class="field">
        <span class="field-label">{texts.title}</span>
        <select
          data-testid="talk-mode"
          value={talk.mode}
          onChange={(event) => {
            const mode = TALK_MODES.find((known) => known === event.currentTarget.value) ?? 'open';
            remember({ talk: { ...talk, mode } });
          }}
        >
          {TALK_MODES.map((mode) => (
            <option key={mode} value={mode}>
              {texts.modes[mode]}
            </option>
          ))}
        </select>
      </label>
      {talk.mode === 'voice' && <Threshold call={call} />}
      {isHeldMode(talk.mode) && (
        <div class="switch">
          <span id="talk-binding">{texts.binding}</span>
          <button
            type="button"
            class="button key"
            data-testid="talk-binding"
            aria-describedby="talk-binding"
            aria-pressed={isAsking.value}
            onClick={isAsking.value ? stop : ask}
            onBlur={stop}
          >
            {isAsking.value ? texts.press : bindingName(talk.binding)}
          </button>
        </div>
      )}
      <span class="field-hint">{texts.hints[talk.mode]}</span>
    </div>
  );
}

/** The level that opens the microphone, over the meter that shows the voice. */
function Threshold({ call }: { call: Call }) {
  const { talk } = preferences.value;
  const gate = call.microphone.voice.gate.value;
  const choose = (thresholdDbfs: number | null) => remember({ talk: { ...talk, thresholdDbfs } });
  return (
    <>
      <LevelMeter microphone={call.microphone} isMuted={gate?.isOpen !== true} />
      <label class="switch">
        <span>{texts.automatic}</span>
        <input
          type="checkbox"
          data-testid="threshold-automatic"
          checked={talk.thresholdDbfs === null}
          onChange={(event) =>
            choose(event.currentTarget.checked ? null : Math.round(gate?.thresholdDbfs ?? USUAL_THRESHOLD_DBFS))
          }
        />
      </label>
      {talk.thresholdDbfs !== null && (
        <Slider
          id="threshold"
          label={texts.threshold}
          least={THRESHOLD_DBFS.least}
          most={THRESHOLD_DBFS.most}
          step={1}
          value={talk.thresholdDbfs}
          text={lateStrings.settings.decibels(talk.thresholdDbfs)}
          onInput={choose}
        />
      )}
    </>
  );
}

/** Space and the like are fine while they are held for talking. */
function isUsable(binding: HoldBinding): boolean {
  if (binding.kind === 'key') return binding.code === 'Space' || isUsableKey(binding.code);
  return binding.kind === 'gamepad' || binding.button >= FIRST_SIDE_BUTTON;
}
