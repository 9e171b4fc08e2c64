interface SliderProps {
  readonly id: string;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly value: number;
  /** The value with its unit. */
  readonly text: string;
  readonly onInput: (value: number) => void;
}

export function Slider({ id, label, least, most, step, value, text, onInput }: SliderProps) {
  return (
    <label class="field">
      <span class="field-label">
        {label} <output>{text}</output>
      </span>
      <input
        type="range"
        data-testid={id}
        min={least}
        max={most}
        step={step}
        value={value}
        aria-valuetext={text}
        onInput={(event) => onInput(Number(event.currentTarget.value))}
      />
    </label>
  );
}
