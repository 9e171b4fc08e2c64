export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
}

/** A table for the terminal. Figures are aligned to the right, under titles of one or more lines (`\n`). */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const titles = columns.map((column) => column.title.split('\n'));
  const height = Math.max(...titles.map((lines) => lines.length));
  const head = Array.from({ length: height }, (_, line) =>
    titles.map((lines) => lines[line - (height - lines.length)] ?? ''),
  );
  const body = rows.map((row) => columns.map((column) => column.value(row)));
  const widths = columns.map((_, index) => Math.max(...[...head, ...body].map((cells) => cells[index]!.length)));
  const line = (cells: readonly string[]) => cells.map((cell, index) => cell.padStart(widths[index]!)).join('  ');
  return [...head.map(line), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

/** The same table in Markdown. */
export function formatMarkdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map((column) => column.title.replaceAll('-\n', '').replaceAll('\n', ' '))),
    line(columns.map(() => '---:')),
    ...rows.map((row) => line(columns.map((column) => column.value(row)))),
  ].join('\n');
}
