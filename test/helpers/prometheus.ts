import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/free-port.ts';
import { answering, end } from './background-program.ts';

export interface PrometheusOptions {
  /** An empty directory that nobody else uses. */
  readonly directory: string;
  /** `host:port` to scrape, as the job `partyline`. */
  readonly target: string;
  readonly ruleFiles: readonly string[];
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atSeconds: number, value: string];
}

export interface Prometheus {
  /** If it is not valid PromQL, rejects with the error of Prometheus. */
  query(expression: string): Promise<readonly Sample[]>;
  /** By name of the alert: the result of its last evaluation. */
  alertHealth(): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

/** Debian's Prometheus on loopback, which scrapes its target and evaluates its rules twice a second. */
export async function startPrometheus({ directory, target, ruleFiles }: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort();
  const configuration = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: 'partyline', static_configs: [{ targets: [target] }] }],
  };
  // JSON is also valid YAML.
  writeFileSync(join(directory, 'prometheus.yaml'), JSON.stringify(configuration));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (data) => {
    output += data;
  });
  const close = () => end(child);
  try {
    await answering(child, port);
  } catch (thrown) {
    await close();
    throw new Error(`Prometheus did not start: ${output}`, { cause: thrown });
  }
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json();
    const { status, data, error } = answer as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(error);
    return data;
  };
  return {
    query: async (expression) => {
      const { result } = await ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(expression)}`);
      return result;
    },
    alertHealth: async () => {
      const { groups } = await ask<{ groups: { rules: { name: string; health: string }[] }[] }>('rules?type=alert');
      return new Map(groups.flatMap(({ rules }) => rules).map(({ name, health }) => [name, health]));
    },
    close,
  };
}
