import { type Config, SETTINGS, type TlsMode } from './settings.ts';

type TlsSettings = Pick<Config, 'domain' | 'tls' | 'tlsCert' | 'tlsKey'>;

/** Where the certificate comes from, by what the operator has given. */
export function tlsModeOf({ domain, tls, tlsCert, tlsKey }: TlsSettings): TlsMode {
  if (tls === 'self-signed') return 'self-signed';
  if (domain.length > 0) return 'acme';
  return tlsCert !== '' || tlsKey !== '' ? 'files' : 'off';
}

/** What does not go together, in sentences. */
export function tlsProblems(config: Config): string[] {
  const { domain, tls, tlsCert, tlsKey, host, port, httpPort, allowHosts, dataDir } = config;
  const mode = tlsModeOf(config);
  const hasFiles = tlsCert !== '' || tlsKey !== '';
  const problems: string[] = [];
  if (domain.length > 0 && hasFiles)
    problems.push('domain gets a certificate by itself, tls-cert and tls-key are one of your own; give one of them.');
  if (tls === 'self-signed' && domain.length > 0)
    problems.push('tls self-signed and domain are two ways to a certificate; give one of them.');
  if (tls === 'self-signed' && hasFiles)
    problems.push('tls self-signed and tls-cert are two ways to a certificate; give one of them.');
  if (tlsCert !== '' && tlsKey === '') problems.push('tls-cert needs a tls-key.');
  if (tlsCert === '' && tlsKey !== '') problems.push('tls-key needs a tls-cert.');
  if (domain.length === 0) {
    if (config.acmeDirectory !== SETTINGS.acmeDirectory.default) problems.push(ofNoUse('acme-directory'));
    if (config.acmeEmail !== '') problems.push(ofNoUse('acme-email'));
    if (config.acmeCa !== '') problems.push(ofNoUse('acme-ca'));
  }
  for (const name of domain) {
    if (!name.includes('.')) problems.push(`domain ${name} is no name that a certificate can be had for.`);
    if (allowHosts.length > 0 && !allowHosts.includes(name))
      problems.push(`allow-hosts does not hold the domain ${name}, so the page would be refused under its own name.`);
  }
  if (mode === 'acme' && (host === 'localhost' || host === '::1' || host.startsWith('127.')) && !isForwarded(config))
    problems.push(`host ${host} is reached from this machine only, where no certificate authority can look.`);
  if (mode === 'off' && httpPort !== 0)
    problems.push('http-port sends visitors on to https, which needs a domain, a tls-cert or tls self-signed.');
  if (httpPort !== 0 && httpPort === port) problems.push(`http-port and port are both ${port}; they have to differ.`);
  if ((mode === 'acme' || mode === 'self-signed') && dataDir === '')
    problems.push('data-dir is needed, to keep the certificate in.');
  return problems;
}

/** The ports that certificate authorities look at lead to others here, so something hands them on. */
export function isForwarded({ port, httpPort }: Pick<Config, 'port' | 'httpPort'>): boolean {
  return port !== 443 && httpPort !== 80;
}

function ofNoUse(name: string): string {
  return `${name} is of no use without a domain.`;
}
