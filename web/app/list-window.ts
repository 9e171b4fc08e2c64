/** The size of a grid of equal tiles, in CSS pixels. */
export interface Grid {
  readonly count: number;
  readonly columns: number;
  /** Height of a row, including the gap below it. */
  readonly rowPx: number;
}

/** What of the grid is in sight: its top edge relative to that of the grid, and its height. */
export interface Sight {
  readonly topPx: number;
  readonly heightPx: number;
}

/** The tiles to draw, and the space for those that are not drawn. */
export interface ListWindow {
  readonly first: number;
  /** One after the last. */
  readonly end: number;
  readonly abovePx: number;
  readonly belowPx: number;
}

/** How many rows are drawn beyond each edge, so that scrolling does not show empty places. */
const SPARE_ROWS = 4;

/** The part of the grid to draw. Always whole rows, and never less than one if there is any tile. */
export function listWindow({ count, columns, rowPx }: Grid, { topPx, heightPx }: Sight): ListWindow {
  const rows = Math.ceil(count / columns);
  if (rows === 0 || rowPx <= 0) return { first: 0, end: count, abovePx: 0, belowPx: 0 };
  const firstRow = Math.min(rows - 1, Math.max(0, Math.floor(topPx / rowPx) - SPARE_ROWS));
  const endRow = Math.min(rows, Math.max(firstRow + 1, Math.ceil((topPx + heightPx) / rowPx) + SPARE_ROWS));
  return {
    first: firstRow * columns,
    end: Math.min(count, endRow * columns),
    abovePx: firstRow * rowPx,
    belowPx: (rows - endRow) * rowPx,
  };
}

/** Those whose name contains the text, whatever the case and the accents. */
export function matching<Person extends { readonly name: string }>(people: readonly Person[], text: string): Person[] {
  const wanted = plain(text.trim());
  return wanted === '' ? [...people] : people.filter(({ name }) => plain(name).includes(wanted));
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
