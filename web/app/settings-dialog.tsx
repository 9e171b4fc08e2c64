import type { Call } from './call.ts';
import { DevicePicker } from './device-picker.tsx';
import { Dialog } from './dialog.tsx';
import { strings } from './language.ts';
import { LanguageMenu } from './language-menu.tsx';
import { lateStrings } from './late-strings.ts';
import { preferences, remember } from './preferences.ts';
import { ShortcutSettings } from './shortcut-settings.tsx';
import { SignalSettings } from './signals/presence-buttons.tsx';
import { Slider } from './slider.tsx';
import { StatsButton } from './stats/stats-button.tsx';
import { TalkSettings } from './talk-settings.tsx';
import { VoiceSettings } from './voice-settings.tsx';

const texts = lateStrings.settings;

export function SettingsDialog({ call, onClose }: { call: Call; onClose: () => void }) {
  const { inputs, outputs } = call.devices.value;
  const { inputId, outputId, outputVolume } = preferences.value;
  const hasMicrophone = call.microphone.track.value !== null;

  return (
    <Dialog labelledBy="settings-title" testId="settings-dialog" onClose={onClose}>
      <header>
        <h2 id="settings-title">{texts.title}</h2>
        <button type="button" class="button button-primary" data-testid="close-settings" onClick={onClose}>
          {strings.settings.close}
        </button>
      </header>
      {hasMicrophone && (
        <DevicePicker
          id="input-device"
          label={texts.input}
          devices={inputs}
          selected={inputId}
          onSelect={(id) => {
            remember({ inputId: id });
            void call.useMicrophone();
          }}
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
      {call.speaker.canChangeVolume && (
        <Slider
          id="output-volume"
          label={texts.outputVolume}
          least={0}
          most={1}
          step={0.05}
          value={outputVolume}
          text={strings.volume.percent(outputVolume)}
          onInput={(volume) => remember({ outputVolume: volume })}
        />
      )}
      <VoiceSettings call={call} />
      <TalkSettings call={call} />
      <ShortcutSettings />
      <SignalSettings call={call} />
      <LanguageMenu />
      <section class="field" aria-label={texts.details}>
        <h3 class="field-label">{texts.details}</h3>
        <Figures call={call} />
        <StatsButton call={call} />
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
