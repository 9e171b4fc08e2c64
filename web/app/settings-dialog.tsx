import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { AudioDevice } from '../sdk/devices.ts';
import type { SoundProcessing } from '../sdk/microphone.ts';
import type { Call } from './call.ts';
import { preferences, remember } from './preferences.ts';
import { strings } from './strings.ts';

const texts = strings.settings;
const PROCESSING: readonly (keyof SoundProcessing)[] = ['echoCancellation', 'noiseSuppression', 'autoGainControl'];

export function SettingsDialog({ call, isOpen }: { call: Call; isOpen: Signal<boolean> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen.value]);
  const { inputs, outputs } = call.devices.value;
  const { inputId, outputId, processing } = preferences.value;
  const hasMicrophone = call.microphone.track.value !== null;

  const change = (wanted: Parameters<typeof remember>[0]) => {
    remember(wanted);
    if (hasMicrophone) void call.useMicrophone();
  };

  return (
    <dialog
      ref={dialog}
      class="settings card"
      aria-labelledby="settings-title"
      data-testid="settings-dialog"
      onClose={() => {
        isOpen.value = false;
      }}
    >
      <header>
        <h2 id="settings-title">{texts.title}</h2>
        <button
          type="button"
          class="button button-primary"
          data-testid="close-settings"
          onClick={() => {
            isOpen.value = false;
          }}
        >
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
      <section class="field" aria-label={texts.details}>
        <h3 class="field-label">{texts.details}</h3>
        <Figures call={call} />
      </section>
    </dialog>
  );
}

interface DevicePickerProps {
  readonly id: string;
  readonly label: string;
  readonly devices: readonly AudioDevice[];
  /** Empty for the default device. */
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

function DevicePicker({ id, label, devices, selected, onSelect }: DevicePickerProps) {
  // Chromium lists the default device a second time with this id.
  const named = devices.filter((device) => device.id !== 'default');
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <select data-testid={id} value={selected} onChange={(event) => onSelect(event.currentTarget.value)}>
        <option value="">{texts.defaultDevice}</option>
        {named.map((device, index) => (
          <option key={device.id} value={device.id}>
            {device.label || texts.unnamed(index)}
          </option>
        ))}
      </select>
    </label>
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
