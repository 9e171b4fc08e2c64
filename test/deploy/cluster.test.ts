import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { readCommand } from '../../src/config/config.ts';
import { LEAVE_LIMIT_MS } from '../../src/server/room-mover.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const MACHINE = { cores: 2, ipv6: true, dataDir: '/var/lib/partyline' };

function text(file: string): string {
  return readFileSync(join(DEPLOY, file), 'utf8');
}

/** The configuration that a server has with these variables. Its secrets are in files of the test. */
function configOf(t: Test, variables: Readonly<Record<string, string>>) {
  const directory = t.testdir({ secret: 'a secret that is long enough for all servers' });
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      name.endsWith('_FILE') ? join(directory, 'secret') : value,
    ]),
  );
  const command = readCommand({ argv: [], env, machine: MACHINE });
  if (command.kind !== 'serve') throw new Error('it does not start a server');
  return command.config;
}

test('the compose file starts three servers that fit together and to the Caddyfile', (t) => {
  const { services } = parse(text('cluster/compose.yaml'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string>; command?: string; stop_grace_period?: string }>;
  };
  const caddy = text('cluster/Caddyfile');
  const [, line = ''] = /reverse_proxy (.*) \{\n\t+lb_policy/.exec(caddy) ?? [];
  const balanced = line.split(' ');
  t.equal(balanced.length, 3);
  const servers = Object.entries(services).filter(([, { environment }]) => environment !== undefined);
  t.equal(servers.length, 3);
  const ports = new Set<number>();
  for (const [name, { environment, stop_grace_period: grace }] of servers) {
    const config = configOf(t, environment!);
    t.equal(config.clusterNode, name);
    t.equal(config.clusterPeer, `http://${config.host}:${config.port}`, 'others reach it there');
    t.equal(config.nodeUrl, `/n/${name}/ws`);
    const handle = `handle @${name} {\n\t\turi strip_prefix /n/${name}\n\t\treverse_proxy ${config.host}:${config.port}\n`;
    t.match(caddy, `@${name} path /n/${name}/ws /n/${name}/media\n\t${handle}`, 'and nothing else of it');
    t.ok(balanced.includes(`${config.host}:${config.port}`), 'and for everything else');
    t.ok(config.trustProxy.length > 0, 'it believes the proxy');
    t.ok(Number.parseInt(grace ?? '', 10) * 1000 > LEAVE_LIMIT_MS + config.shutdownGraceMs);
    for (const port of [config.port, config.mediaPort, config.mediaPort + 1]) {
      t.notOk(ports.has(port), `only one uses ${port}`);
      ports.add(port);
    }
    t.equal(config.clusterEngine, 'redis://127.0.0.1:6379');
  }
  t.match(caddy, '@operator path /metrics /api/* /admin* /cluster/*\n\thandle @operator {\n\t\trespond 404\n');
  t.notMatch(caddy, /^\trespond/m, 'which comes after every "handle"');
  t.match(services['valkey']?.command, '--maxmemory-policy noeviction');
  t.match(services['valkey']?.command, '--appendonly yes');
  t.match(services['valkey']?.command, '--bind 127.0.0.1');
  t.end();
});

test('the variables for systemd start a server', (t) => {
  const lines = text('systemd/cluster.conf').matchAll(/^Environment=(\w+)=(.*)$/gm);
  const config = configOf(t, Object.fromEntries(Array.from(lines, ([, name, value]) => [name!, value!])));
  t.match(config, { clusterNode: 'n2', nodeUrl: '/n/n2/ws', clusterPeer: 'http://10.0.0.2:8080' });
  const [, stopS] = /^TimeoutStopSec=(\d+)$/m.exec(text('systemd/cluster.conf')) ?? [];
  t.ok(Number(stopS) * 1000 > LEAVE_LIMIT_MS + config.shutdownGraceMs);
  t.end();
});

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: it is what the file says
  readonly spec: any;
}

test('the manifest for Kubernetes starts servers, asks them for their health, and leads to each of them', (t) => {
  const documents = parseAllDocuments(text('kubernetes/partyline.yaml'));
  t.same(
    documents.flatMap(({ errors }) => errors),
    [],
  );
  const all = documents.map((document) => document.toJS() as Resource);
  const find = (kind: string, name: string) => all.find((one) => one.kind === kind && one.metadata.name === name)?.spec;
  const { replicas, template } = find('StatefulSet', 'partyline');
  const { containers, hostNetwork, terminationGracePeriodSeconds: graceS } = template.spec;
  const [{ env, livenessProbe, readinessProbe, lifecycle }] = containers;
  t.equal(hostNetwork, true);
  t.equal(livenessProbe.httpGet.path, '/healthz', 'which does not depend on the engine');
  t.equal(readinessProbe.httpGet.path, '/readyz');
  const services = new Set<string>();
  for (let i = 0; i < replicas; i++) {
    const known: Record<string, string> = { POD_NAME: `partyline-${i}`, HOST_IP: `10.0.0.${i + 1}` };
    const variables: Record<string, string> = {};
    for (const { name, value } of env as { name: string; value?: string }[])
      if (value !== undefined) variables[name] = value.replace(/\$\((\w+)\)/g, (_, other: string) => known[other]!);
    const config = configOf(t, variables);
    t.match(config, { clusterNode: `partyline-${i}`, clusterPeer: `http://10.0.0.${i + 1}:${config.port}` });
    const stopsAfterMs = Number(lifecycle.preStop.exec.command[1]) * 1000;
    t.ok(graceS * 1000 > stopsAfterMs + LEAVE_LIMIT_MS + config.shutdownGraceMs);
    t.equal(livenessProbe.httpGet.port, config.port);
    t.equal(find('Service', 'valkey').ports[0].port, Number(new URL(config.clusterEngine).port));
    const service = find('Service', `partyline-${i}`);
    t.equal(service.selector['statefulset.kubernetes.io/pod-name'], `partyline-${i}`);
    services.add(config.nodeUrl);
  }
  const paths = find('Ingress', 'partyline-nodes').spec?.rules ?? find('Ingress', 'partyline-nodes').rules;
  for (const url of services) {
    const match = paths[0].http.paths.find(({ path }: { path: string }) => new RegExp(`^${path}$`).test(url));
    t.equal(`/n/${match?.backend.service.name}/ws`, url);
  }
  t.match(find('StatefulSet', 'valkey').template.spec.containers[0].args.join(' '), /noeviction/);
  t.end();
});
