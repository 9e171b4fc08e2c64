import { MAX_POINTS } from './quality-history.ts';

interface GraphProps {
  /** What a screen reader says in place of the picture. */
  readonly label: string;
  /** Oldest first; null: unknown. */
  readonly values: readonly (number | null)[];
  /** The picture reaches at least up to this value. */
  readonly least: number;
}

const WIDTH = MAX_POINTS;
const HEIGHT = 40;

/** A line of the last ten minutes. */
export function Graph({ label, values, least }: GraphProps) {
  const most = values.reduce<number>((found, value) => Math.max(found, value ?? 0), least);
  return (
    <svg class="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={pathOf(values, most)} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** A line for each stretch without unknown values. The newest value is at the right. */
export function pathOf(values: readonly (number | null)[], most: number): string {
  const first = WIDTH - values.length;
  return values
    .map((value, index) => {
      if (value === null) return '';
      const isNew = index === 0 || values[index - 1] === null;
      const y = HEIGHT - 1 - (Math.min(value, most) / most) * (HEIGHT - 2);
      return `${isNew ? 'M' : 'L'}${first + index} ${y.toFixed(1)}`;
    })
    .join('');
}
