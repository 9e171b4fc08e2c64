import type { AudioDevice } from '../sdk/devices.ts';
import { lateStrings } from './late-strings.ts';

const texts = lateStrings.settings;

interface DevicePickerProps {
  readonly id: string;
  readonly label: string;
  readonly devices: readonly AudioDevice[];
  /** Empty for the default device. */
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

export function DevicePicker({ id, label, devices, selected, onSelect }: DevicePickerProps) {
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
