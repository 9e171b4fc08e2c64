import type { Call } from './call.ts';
import { lateStrings } from './late-strings.ts';
import { GAIN_DB, preferences, remember } from './preferences.ts';
import { Slider } from './slider.tsx';

const texts = lateStrings.settings;
const SWITCHES = ['echoCancellation', 'autoGainControl'] as const;
const SUPPRESSIONS = ['off', 'browser', 'strong'] as const;
type Suppression = (typeof SUPPRESSIONS)[number];

/** What the browser and this page do to the voice before it is sent. */
export function VoiceSettings({ call }: { call: Call }) {
  const { processing, voice } = preferences.value;
  const suppression: Suppression = voice.isStrong ? 'strong' : processing.noiseSuppression ? 'browser' : 'off';
  const change = (wanted: Parameters<typeof remember>[0]) => {
    remember(wanted);
    if (call.microphone.track.value !== null) void call.useMicrophone();
  };
  const suppress = (chosen: Suppression) =>
    change({
      processing: { ...processing, noiseSuppression: chosen !== 'off' },
      voice: { ...voice, isStrong: chosen === 'strong' },
    });
  return (
    <fieldset class="field">
      <legend class="field-label">{texts.processing}</legend>
      <label class="field">
        <span class="field-label">{texts.suppression}</span>
        <select
          data-testid="noise-suppression"
          value={suppression}
          onChange={(event) => suppress(SUPPRESSIONS.find((known) => known === event.currentTarget.value) ?? 'browser')}
        >
          {SUPPRESSIONS.map((each) => (
            <option key={each} value={each}>
              {texts.suppressions[each]}
            </option>
          ))}
        </select>
        <span class="field-hint">{texts.suppressionHints[suppression]}</span>
      </label>
      {SWITCHES.map((key) => (
        <label key={key} class="switch">
          <span>{texts[key]}</span>
          <input
            type="checkbox"
            data-testid={key}
            checked={processing[key]}
            onChange={(event) => change({ processing: { ...processing, [key]: event.currentTarget.checked } })}
          />
        </label>
      ))}
      <Slider
        id="input-gain"
        label={texts.inputGain}
        least={GAIN_DB.least}
        most={GAIN_DB.most}
        step={1}
        value={voice.gainDb}
        text={texts.decibels(voice.gainDb)}
        onInput={(gainDb) => remember({ voice: { ...voice, gainDb } })}
      />
      <span class="field-hint">{texts.processingHint}</span>
      {call.microphone.voice.isBypassed.value && (
        <p class="message message-error" role="alert" data-testid="voice-bypassed">
          {texts.bypassed}
        </p>
      )}
    </fieldset>
  );
}
