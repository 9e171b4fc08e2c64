import type { Config } from './settings.ts';
import { tlsModeOf } from './tls.ts';

/** Settings that contradict a Unix socket, as sentences. */
export function unixSocketProblems(config: Config): string[] {
  if (config.unixSocket === '') return [];
  const problems: string[] = [];
  if (tlsModeOf(config) !== 'off')
    problems.push(
      'unix-socket serves plain HTTP, for a reverse proxy that has the certificate; remove the settings of TLS.',
    );
  if (config.proxyProtocol === 'on')
    problems.push(
      'unix-socket and proxy-protocol do not fit together; let the proxy name the client in X-Forwarded-For.',
    );
  return problems;
}
