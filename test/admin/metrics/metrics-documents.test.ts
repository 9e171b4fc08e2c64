import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { parse } from 'yaml';
import { createMetrics } from '../../../src/admin/metrics/metrics.ts';
import { flagName, SETTING_KEYS } from '../../../src/config/settings.ts';
import { ERRORS } from '../../../src/lib/errors.ts';
import { LIMITS, type Limit, LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { mediaStats, workerHealth } from '../../helpers/fake-media-plane.ts';

/** Added by Prometheus itself, or part of its histogram format. */
const LABELS_OF_PROMETHEUS = ['instance', 'le'];
const LOSSES = { late: 0, lost: 0, resyncs: 0 };
const METRIC = /\b(?:partyline|process|nodejs)_\w+\b/g;

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** All metrics that exist when every feature is on: type and labels by name. */
async function realMetrics() {
  const metrics = createMetrics({
    version: '1.2.3',
    clock: new FakeClock(),
    control: () => ({
      rooms: 0,
      participants: 0,
      joins: new Map([['ok', 1]]),
      limits: new LimitCounts().counts,
      text: { lines: 0, privateLines: 0, data: 0 },
      connections: 0,
      messagesIn: 0,
      errors: new Map([['room_full', 1]]),
      apiErrors: new Map([['unknown_room', 1]]),
      broadcast: {
        publishers: 0,
        listeners: 0,
        liveListeners: 0,
        forwards: { forwards: 0, connected: 0, failures: 0 },
        errors: new Map([['invalid_sdp', 1]]),
      },
      mumble: {
        connections: 0,
        voice: {
          inByUdp: 0,
          inByTunnel: 0,
          overLimit: 0,
          malformed: 0,
          outByUdp: 0,
          outByTunnel: 0,
          outDropped: 0,
          ...LOSSES,
        },
        udp: { refused: 0, unknown: 0, trials: 0, listPings: 0 },
      },
      mumbleUpstream: {
        connected: 0,
        people: 0,
        visitors: 0,
        failures: 0,
        outByUdp: 0,
        outByTunnel: 0,
        outDropped: 0,
        inByUdp: 0,
        inByTunnel: 0,
      },
      eventLoopStalls: 0,
      eventLoopDelaySeconds: { bounds: [0.1], counts: [0], sum: 0, count: 0 },
    }),
    media: () => [mediaStats()],
    workers: () => [workerHealth()],
    certificate: () => ({ expiresAtMs: 0, failures: 0 }),
    sharedPort: () => ({ undecided: 0, refused: 0 }),
    recording: () => ({ running: 0, bytesWritten: 0, writeErrors: 0, packetsDropped: 0 }),
    cluster: () => ({
      nodes: 1,
      isEngineUp: true,
      owned: 0,
      claims: { won: 0 },
      takeovers: 0,
      fenced: 0,
      peers: { asked: { answered: 1 }, refused: 0 },
      clients: { passed: { opened: 1 }, carried: 1, refused: 0 },
    }),
  });
  const text = await metrics.scrape();
  const found = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
    const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm'))];
    const labels = new Set(
      series.flatMap(([, list = '']) => [...list.matchAll(/(\w+)="/g)].map(([, label]) => label!)),
    );
    return [name, { type, labels: [...labels].filter((label) => label !== 'le').sort() }] as const;
  });
  return new Map(found);
}

test('the document describes every metric with its type and labels, and no others', async (t) => {
  const real = await realMetrics();
  const document = read('docs/metrics.md');
  const rows = [...document.matchAll(/^\| `(partyline_\w+)` \| (\w+) \| (.*?) \| .+ \|$/gm)];
  const told = rows.map(([, name = '', type = '', labels = '']) => {
    return [name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort() }] as const;
  });
  const own = [...real].filter(([name]) => name.startsWith('partyline_'));
  t.ok(own.length > 50);
  t.strictSame(Object.fromEntries(told), Object.fromEntries(own));
  t.equal(told.length, own.length, 'each once');
  for (const [name] of document.matchAll(METRIC)) t.ok(real.has(name), name);
});

test('the document describes every limit, and names settings that exist', (t) => {
  const section = read('docs/metrics.md').split('\n## Limits\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.*?) \| .+ \|$/gm)];
  t.strictSame(
    rows.map(([, limit]) => limit),
    LIMITS,
  );
  const flags = new Set(SETTING_KEYS.map(flagName));
  for (const [, limit, settings = ''] of rows) {
    for (const [, setting = ''] of settings.matchAll(/`--([\w-]+)`/g)) t.ok(flags.has(setting), `${limit}: ${setting}`);
  }
  t.end();
});

test('the dashboard uses metrics and labels that exist', async (t) => {
  const real = await realMetrics();
  const { panels } = JSON.parse(read('deploy/grafana/partyline.json')) as {
    panels: { id: number; title: string; targets: { expr: string; legendFormat: string }[] }[];
  };
  t.ok(panels.length >= 10);
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const labels = labelsOf(t, title, expr, real);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        t.ok(labels.includes(label), `${title}: ${label}`);
    }
  }
});

test('the alerts use metrics and labels that exist', async (t) => {
  const real = await realMetrics();
  const { groups } = parse(read('deploy/prometheus/alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
  };
  for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules)) {
    if (expr.startsWith('up{')) continue;
    const labels = labelsOf(t, alert, expr, real);
    for (const [, label = ''] of Object.values(annotations)
      .join()
      .matchAll(/\$labels\.(\w+)/g))
      t.ok(labels.includes(label), `${alert}: ${label}`);
  }
});

/** Checks an expression against the existing metrics. Returns the labels that it may use. */
function labelsOf(t: Test, title: string, expr: string, real: Awaited<ReturnType<typeof realMetrics>>): string[] {
  const named = [...expr.matchAll(METRIC)].map(([name]) => name);
  t.ok(named.length > 0, `${title}: ${expr}`);
  const known = named.map((name) => real.get(name) ?? real.get(name.replace(/_bucket$/, '')));
  t.notOk(known.includes(undefined), `${title}: ${expr}`);
  const labels = [...LABELS_OF_PROMETHEUS, ...known.flatMap((metric) => metric?.labels ?? [])];
  const asked = [
    ...[...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
    ...[...expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
  ];
  for (const label of asked) t.ok(labels.includes(label), `${title}: ${label}`);
  for (const [, limits = ''] of expr.matchAll(/limit=~"([^"]*)"/g))
    for (const limit of limits.split('|')) t.ok(LIMITS.includes(limit as Limit), `${title}: ${limit}`);
  for (const [, codes = ''] of expr.matchAll(/code=~"([^"]*)"/g))
    for (const code of codes.split('|')) t.ok(code in ERRORS, `${title}: ${code}`);
  const is = (type: string) => known.map((metric) => metric?.type === type);
  if (/histogram_quantile\(/.test(expr)) t.notOk(is('histogram').includes(false), `${title}: ${expr}`);
  if (/\b(?:rate|increase)\(/.test(expr)) t.notOk(is('gauge').includes(true), `${title}: ${expr}`);
  return labels;
}
