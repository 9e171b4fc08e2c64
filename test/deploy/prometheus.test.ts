import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { parse } from 'yaml';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { startPrometheus } from '../helpers/prometheus.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const ALERTS = fileURLToPath(new URL('../../deploy/prometheus/alerts.yaml', import.meta.url));
const CASES = fileURLToPath(new URL('./alerts.yaml', import.meta.url));
const DASHBOARD = new URL('../../deploy/grafana/partyline.json', import.meta.url);
const OPERATIONS = new URL('../../docs/operations.md', import.meta.url);
const skip = skipIfMissing(missingPackages(['prometheus']));

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);

function promtool(...args: string[]): { ok: boolean; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { ok: status === 0, said: stdout + stderr };
}

test('Prometheus accepts the alert rules, and they fire when they should and not otherwise', { skip }, (t) => {
  for (const args of [
    ['check', 'rules', ALERTS],
    ['test', 'rules', CASES],
  ]) {
    const { ok, said } = promtool(...args);
    t.ok(ok, said);
  }
  const cases = readFileSync(CASES, 'utf8');
  for (const { alert } of alerts) t.match(cases, new RegExp(`alertname(?:="|: )${alert}\\b`), `${alert} has its case`);
  t.end();
});

test('an alert says what is wrong, how bad it is, and where to read on', (t) => {
  const headings = [...readFileSync(OPERATIONS, 'utf8').matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const [, section = ''] = readFileSync(OPERATIONS, 'utf8').split('\n### Alerts\n');
  for (const { alert, labels, annotations } of alerts) {
    t.match(annotations.summary, /^(?=.*\{\{ \$labels\.instance \}\}).{20,100}\.$/, alert);
    t.match(annotations.description, /\.$/, alert);
    t.match(labels.severity, /^(?:page|ticket)$/, alert);
    const [document, anchor = ''] = annotations.runbook.split('#');
    t.equal(document, 'docs/operations.md', alert);
    t.ok(headings.includes(anchor), `${alert}: there is a section ${anchor}`);
    t.match(section, `\`${alert}\``, `${alert} is in the document`);
  }
  t.end();
});

test('Prometheus scrapes /metrics, and every panel of the dashboard shows something', { skip }, async (t) => {
  const server = await startServer([], { logLevel: 'error' });
  t.teardown(() => server.close());
  const client = await SignalingClient.open(server.webSocketUrl);
  t.teardown(() => client.socket.terminate());
  client.send({ type: 'join', room: 'a!b', name: 'Ada' });
  t.match(await client.next('error'), { code: 'invalid_room' });
  await client.join('lobby', 'Ada');

  const { host } = new URL(server.url);
  const prometheus = await startPrometheus({ directory: t.testdir(), target: host, ruleFiles: [ALERTS] });
  t.teardown(() => prometheus.close());
  await eventually(
    async () => Number((await prometheus.query('sum_over_time(up[1m])'))[0]?.value[1] ?? 0) >= 3 || 'too few scrapes',
  );

  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
  };
  for (const { title, targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const samples = await prometheus.query(expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', host));
      t.ok(samples.length > 0, `${title}: ${expr}`);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        t.ok(
          samples.every(({ metric }) => metric[label] !== undefined),
          `${title}: each series has the label ${label}`,
        );
    }
  }
  await t.rejects(prometheus.query('sum(rate(partyline_joins_total))'), 'invalid PromQL is refused');
  t.strictSame(await prometheus.query('partyline_no_such_metric'), [], 'and what does not exist shows nothing');

  const health = await prometheus.alertHealth();
  t.strictSame(
    [...health.keys()],
    alerts.map(({ alert }) => alert),
  );
  for (const [alert, state] of health) t.equal(state, 'ok', alert);
});
