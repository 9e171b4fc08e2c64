import type { Signal } from '@preact/signals';

interface SwitchProps {
  /** For tests. */
  readonly id: string;
  readonly label: string;
  readonly value: Signal<boolean>;
}

/** A choice between on and off in a form. */
export function Switch({ id, label, value }: SwitchProps) {
  return (
    <label class="switch">
      {label}
      <input
        type="checkbox"
        data-testid={id}
        checked={value.value}
        onChange={(event) => {
          value.value = event.currentTarget.checked;
        }}
      />
    </label>
  );
}
