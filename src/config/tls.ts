import type { TlsMode } from './setting.ts';
import { type Config, SETTINGS } from './settings.ts';

type TlsSettings = Pick<Config, 'domain' | 'tls' | 'tlsCert' | 'tlsKey'>;

/** Where the certificate comes from, according to the settings. */
export function tlsModeOf({ domain, tls, tlsCert, tlsKey }: TlsSettings): TlsMode {
  if (tls === 'self-signed') return 'self-signed';
  if (domain.length > 0) return 'acme';
  return tlsCert !== '' || tlsKey !== '' ? 'files' : 'off';
}

/** Contradictory or incomplete TLS settings, as sentences. */
export function tlsProblems(config: Config): string[] {
  const { domain, tls, tlsCert, tlsKey, host, port, httpPort, allowHosts, dataDir } = config;
  const mode = tlsModeOf(config);
  const hasFiles = tlsCert !== '' || tlsKey !== '';
  const problems: string[] = [];
  if (domain.length > 0 && hasFiles)
    problems.push(
      'domain obtains a certificate by itself, and tls-cert and tls-key provide your own; set only one of them.',
    );
  if (tls === 'self-signed' && domain.length > 0)
    problems.push('tls self-signed and domain are alternatives; set only one of them.');
  if (tls === 'self-signed' && hasFiles)
    problems.push('tls self-signed and tls-cert are alternatives; set only one of them.');
  if (tlsCert !== '' && tlsKey === '') problems.push('tls-cert requires tls-key.');
  if (tlsCert === '' && tlsKey !== '') problems.push('tls-key requires tls-cert.');
  if (domain.length === 0) {
    if (config.acmeDirectory !== SETTINGS.acmeDirectory.default) problems.push(noEffect('acme-directory'));
    if (config.acmeEmail !== '') problems.push(noEffect('acme-email'));
    if (config.acmeCa !== '') problems.push(noEffect('acme-ca'));
  }
  for (const name of domain) {
    if (!name.includes('.')) problems.push(`No certificate can be issued for domain ${name}.`);
    if (allowHosts.length > 0 && !allowHosts.includes(name))
      problems.push(`allow-hosts does not include the domain ${name}, so requests for it would be refused.`);
  }
  if (mode === 'acme' && (host === 'localhost' || host === '::1' || host.startsWith('127.')) && !isForwarded(config))
    problems.push(
      `host ${host} is reachable only from this machine, so the certificate authority cannot validate the domain.`,
    );
  if (mode === 'off' && httpPort !== 0)
    problems.push('http-port redirects visitors to HTTPS, which requires domain, tls-cert or tls self-signed.');
  if (httpPort !== 0 && httpPort === port) problems.push(`http-port and port are both ${port}; they must differ.`);
  if ((mode === 'acme' || mode === 'self-signed') && dataDir === '')
    problems.push('data-dir is required to store the certificate.');
  if (config.keepState === 'on' && dataDir === '') problems.push('keep-state requires data-dir.');
  return problems;
}

/** Whether something must forward the ports that certificate authorities connect to, because we listen on others. */
export function isForwarded({ port, httpPort }: Pick<Config, 'port' | 'httpPort'>): boolean {
  return port !== 443 && httpPort !== 80;
}

function noEffect(name: string): string {
  return `${name} has no effect without domain.`;
}
