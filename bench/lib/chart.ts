export interface Series {
  readonly name: string;
  /** x and y in the units of the axes. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly title: string;
  /** Shown under the title: machine and conditions. */
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** A dashed horizontal line: a goal or a limit. */
  readonly limit?: { readonly name: string; readonly y: number };
}

const WIDTH = 760;
const HEIGHT = 440;
const MARGIN = { top: 74, right: 28, bottom: 62, left: 72 };
const PLOT = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };

/** Follows the reader's colour scheme. The colours (Okabe and Ito) can be told apart by colour-blind people. */
const STYLE = `
  svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
  .ground { fill: #ffffff; } text { fill: #24292f; } .soft { fill: #57606a; }
  .grid { stroke: #d8dee4; } .axis { stroke: #57606a; } .limit { stroke: #57606a; stroke-dasharray: 6 5; }
  .title { font-size: 17px; font-weight: 600; }
  .s0 { --c: #0072b2; } .s1 { --c: #d55e00; } .s2 { --c: #009e73; } .s3 { --c: #aa4f88; }
  .line { fill: none; stroke: var(--c); stroke-width: 2.5; stroke-linejoin: round; } .dot { fill: var(--c); }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } text { fill: #e6edf3; } .soft { fill: #9198a1; }
    .grid { stroke: #2b3138; } .axis, .limit { stroke: #9198a1; }
    .s0 { --c: #56b4e9; } .s1 { --c: #e69f00; } .s2 { --c: #2fc79a; } .s3 { --c: #e08bbd; }
  }`;

/** Draws a line chart as SVG. Both axes start at zero. */
export function drawChart(chart: Chart): string {
  const xs = chart.series.flatMap((series) => series.points.map(([x]) => x));
  const ys = chart.series.flatMap((series) => series.points.map(([, y]) => y));
  const xTicks = ticks(Math.max(...xs, 1));
  const yTicks = ticks(Math.max(...ys, chart.limit?.y ?? 0, 1e-9));
  const x = (value: number) => round(MARGIN.left + (value / xTicks.at(-1)!) * PLOT.width);
  const y = (value: number) => round(MARGIN.top + PLOT.height - (value / yTicks.at(-1)!) * PLOT.height);
  const bottom = MARGIN.top + PLOT.height;
  const right = MARGIN.left + PLOT.width;

  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeXml(chart.title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text class="title" x="${MARGIN.left}" y="30">${escapeXml(chart.title)}</text>`,
    `<text class="soft" x="${MARGIN.left}" y="50">${escapeXml(chart.subtitle)}</text>`,
    ...yTicks.map(
      (tick) =>
        `<path class="grid" d="M${MARGIN.left} ${y(tick)}H${right}"/><text class="soft" x="${MARGIN.left - 10}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
    ),
    ...xTicks.map((tick) => `<text class="soft" x="${x(tick)}" y="${bottom + 20}" text-anchor="middle">${tick}</text>`),
    `<path class="axis" d="M${MARGIN.left} ${bottom}H${right}"/>`,
    `<text x="${MARGIN.left + PLOT.width / 2}" y="${HEIGHT - 16}" text-anchor="middle">${escapeXml(chart.xLabel)}</text>`,
    `<text transform="translate(20 ${MARGIN.top + PLOT.height / 2}) rotate(-90)" text-anchor="middle">${escapeXml(chart.yLabel)}</text>`,
  ];
  if (chart.limit !== undefined) {
    const level = y(chart.limit.y);
    parts.push(
      `<path class="limit" d="M${MARGIN.left} ${level}H${right}"/>`,
      `<text class="soft" x="${right}" y="${level - 6}" text-anchor="end">${escapeXml(chart.limit.name)}</text>`,
    );
  }
  chart.series.forEach((series, index) => {
    const path = series.points.map(([px, py], at) => `${at === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
    const dots = series.points.map(([px, py]) => `<circle class="dot" cx="${x(px)}" cy="${y(py)}" r="4"/>`).join('');
    parts.push(`<g class="s${index % 4}"><path class="line" d="${path}"/>${dots}</g>`);
  });
  if (chart.series.length > 1) parts.push(legend(chart.series));
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

function legend(series: readonly Series[]): string {
  const rows = series.map((one, index) => {
    const top = MARGIN.top + 14 + 20 * index;
    return `<g class="s${index % 4}"><circle class="dot" cx="${MARGIN.left + 18}" cy="${top - 4}" r="5"/><text x="${MARGIN.left + 30}" y="${top}">${escapeXml(one.name)}</text></g>`;
  });
  return rows.join('\n');
}

/** Round steps of 1, 2 or 5, from 0 to the first one that reaches `highest`. */
function ticks(highest: number): number[] {
  const rough = highest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const count = Math.ceil(highest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
