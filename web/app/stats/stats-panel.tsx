import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Quality } from '../../sdk/quality.ts';
import type { Call } from '../call.ts';
import { Dialog } from '../dialog.tsx';
import { strings } from '../language.ts';
import { lateStrings } from '../late-strings.ts';
import { bugReport } from './bug-report.ts';
import { type ConnectionStats, type ConnectionTotals, readConnection } from './connection-stats.ts';
import { diagnose } from './diagnosis.ts';
import { Graph } from './graph.tsx';

const texts = lateStrings.stats;
const { milliseconds, percent } = lateStrings.settings;
/** What is drawn, with the value that at least fits into the picture. */
const GRAPHS = { rttMs: 100, lossDownPercent: 5, lossUpPercent: 5, concealedPercent: 5 } as const;

/** How the connection is, what is probably wrong, and a copy of it for a bug report. */
export function StatsPanel({ call, onClose }: { call: Call; onClose: () => void }) {
  const stats = useSignal<ConnectionStats | null>(null);
  const text = useSignal<string | null>(null);
  const isCopied = useSignal(false);
  const totals = useRef<ConnectionTotals | null>(null);
  useEffect(
    () =>
      call.client.on('report', (report) => {
        const read = readConnection(report.values(), totals.current);
        totals.current = read.totals;
        stats.value = read.stats;
      }),
    [],
  );
  // The history grows with each new quality.
  const quality = call.quality.value;
  const { points } = call.history;
  const findings = diagnose(points, stats.value);
  const copy = async () => {
    const atMs = Date.now();
    const report = bugReport({ atMs, browser: navigator.userAgent, stats: stats.value, findings, points });
    try {
      await navigator.clipboard.writeText(report);
      isCopied.value = true;
    } catch {
      // The clipboard works only on secure origins, and may be forbidden.
      text.value = report;
    }
  };
  return (
    <Dialog labelledBy="stats-title" testId="stats" class="stats" onClose={onClose}>
      <header>
        <h2 id="stats-title">{texts.title}</h2>
        <button type="button" class="button button-primary" data-testid="stats-close" onClick={onClose}>
          {strings.settings.close}
        </button>
      </header>
      <p role="status">{quality === null ? lateStrings.settings.noDetails : strings.quality[quality.grade]}</p>
      {findings.map((finding) => (
        <p key={finding} class="message message-warning" data-testid="finding" data-finding={finding}>
          {texts.findings[finding]}
        </p>
      ))}
      {Object.entries(GRAPHS).map(([key, least]) => {
        const name = key as keyof typeof GRAPHS;
        const values = points.map((point) => point.quality?.[name] ?? null);
        const now = name === 'rttMs' ? milliseconds(quality?.rttMs ?? null) : percent(quality?.[name] ?? null);
        return (
          <section key={key} class="graph-row">
            <h3 class="field-label">
              {texts.graphs[name]} <output>{now}</output>
            </h3>
            <Graph label={texts.graph(texts.graphs[name], now)} values={values} least={least} />
          </section>
        );
      })}
      <Rows quality={quality} stats={stats.value} />
      <button type="button" class="button" data-testid="stats-copy" onClick={() => void copy()}>
        <span aria-live="polite">{isCopied.value ? texts.copied : texts.copy}</span>
      </button>
      {text.value !== null && (
        <label class="field">
          <span class="field-label">{texts.copyYourself}</span>
          <textarea ref={(element) => element?.select()} readOnly rows={5} value={text.value} />
        </label>
      )}
    </Dialog>
  );
}

function Rows({ quality, stats }: { quality: Quality | null; stats: ConnectionStats | null }) {
  const unknown = '–';
  const rows: readonly [string, string][] = [
    [texts.rows.path, stats?.path == null ? unknown : texts.path(stats.path)],
    [texts.rows.server, stats?.path?.server ?? unknown],
    [texts.rows.codec, stats?.codec ?? unknown],
    [texts.rows.sent, texts.kilobits(stats?.sentKbps ?? null)],
    [texts.rows.received, texts.kilobits(stats?.receivedKbps ?? null)],
    [texts.rows.jitter, milliseconds(quality?.jitterMs ?? null)],
    [texts.rows.buffer, milliseconds(quality?.bufferMs ?? null)],
    [texts.rows.target, milliseconds(stats?.targetBufferMs ?? null)],
    [texts.rows.late, String(stats?.discarded ?? unknown)],
    [texts.rows.gaps, String(stats?.concealments ?? unknown)],
    [texts.rows.encryption, stats?.encryption ?? unknown],
  ];
  return (
    <dl class="figures" data-testid="stats-rows">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
