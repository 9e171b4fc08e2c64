interface FiguresProps {
  readonly class: string;
  readonly figures: readonly (readonly [label: string, value: string | number])[];
}

/** Names and their values, as a description list. */
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
