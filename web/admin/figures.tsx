interface FiguresProps {
  readonly class: string;
  readonly figures: readonly (readonly [label: string, value: string | number])[];
}

/** Names and what they are at, as a list of terms. */
export function Figures({ figures, ...list }: FiguresProps) {
  return (
    <dl {...list}>
      {figures.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
