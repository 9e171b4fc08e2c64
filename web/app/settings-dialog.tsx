import type { SoundProcessing } from '../sdk/microphone.ts';
import type { Call } from './call.ts';
import { DevicePicker } from './device-picker.tsx';
import { Dialog } from './dialog.tsx';
import { preferences, remember } from './preferences.ts';
import { ShortcutSettings } from './shortcut-settings.tsx';
import { strings } from './strings.ts';
import { TalkSettings } from './talk-settings.tsx';

const texts = strings.settings;
const PROCESSING: readonly (keyof SoundProcessing)[] = ['echoCancellation', 'noiseSuppression', 'autoGainControl'];

export function SettingsDialog({ call, onClose }: { call: Call; onClose: () => void }) {
  const { inputs, outputs } = call.devices.value;
  const { inputId, outputId, processing } = preferences.value;
  const hasMicrophone = call.microphone.track.value !== null;

  const change = (wanted: Parameters<typeof remember>[0]) => {
    remember(wanted);
    if (hasMicrophone) void call.useMicrophone();
  };

  return (
    <Dialog labelledBy="settings-title" testId="settings-dialog" onClose={onClose}>
      <header>
        <h2 id="settings-title">{texts.title}</h2>
        <button type="button" class="button button-primary" data-testid="close-settings" onClick={onClose}>
          {texts.close}
        </button>
      </header>
      {hasMicrophone && (
        <DevicePicker
          id="input-device"
          label={texts.input}
          devices={inputs}
          selected={inputId}
          onSelect={(id) => change({ inputId: id })}
        />
      )}
      {call.speaker.canChoose && (
        <DevicePicker
          id="output-device"
          label={texts.output}
          devices={outputs}
          selected={outputId}
          onSelect={(id) => void call.chooseOutput(id)}
        />
      )}
      {call.speaker.canAsk && (
        <button type="button" class="button" data-testid="ask-output" onClick={() => void call.askForOutput()}>
          {texts.chooseOutput}
        </button>
      )}
      <fieldset class="field">
        <legend class="field-label">{texts.processing}</legend>
        {PROCESSING.map((key) => (
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
        <span class="field-hint">{texts.processingHint}</span>
      </fieldset>
      <TalkSettings />
      <ShortcutSettings />
      <section class="field" aria-label={texts.details}>
        <h3 class="field-label">{texts.details}</h3>
        <Figures call={call} />
      </section>
    </Dialog>
  );
}

function Figures({ call }: { call: Call }) {
  const quality = call.quality.value;
  if (quality === null) return <p class="quiet">{texts.noDetails}</p>;
  const rows: readonly [string, string][] = [
    [texts.figures.rtt, texts.milliseconds(quality.rttMs)],
    [texts.figures.buffer, texts.milliseconds(quality.bufferMs)],
    [texts.figures.jitter, texts.milliseconds(quality.jitterMs)],
    [texts.figures.lossDown, texts.percent(quality.lossDownPercent)],
    [texts.figures.lossUp, texts.percent(quality.lossUpPercent)],
    [texts.figures.concealed, texts.percent(quality.concealedPercent)],
  ];
  return (
    <dl class="figures" data-testid="figures">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
