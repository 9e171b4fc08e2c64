/** HTTP next to HTTPS: redirects visitors and answers the certificate authority. */
import type { RequestListener } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '../../lib/errors.ts';
import { hostUrl, isAllowedHost } from '../../lib/net/host-header.ts';
import type { Challenges } from './challenges.ts';

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

export interface RedirectOptions {
  /** Names with a certificate; none: whatever the visitor asked for. */
  readonly domains: readonly string[];
  /** Host names that the server accepts; none: any. */
  readonly allowHosts: readonly string[];
  /** The redirect port on this machine; 0: none. */
  readonly httpPort: number;
  /** The TLS port on this machine. */
  readonly httpsPort: () => number;
  readonly challenges: Challenges;
}

/** Answers with 308 to the same URL over HTTPS, or with 421 for a name that is not ours. */
export function redirectListener(options: RedirectOptions): RequestListener {
  return ({ method, url = '', headers: { host } }, response) => {
    const plain = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close' };
    const [path = ''] = url.split('?', 1);
    const proof = method === 'GET' || method === 'HEAD' ? options.challenges.responseFor(path) : undefined;
    if (proof !== undefined) {
      response.writeHead(200, { ...plain, 'Content-Type': 'application/octet-stream' }).end(proof);
      return;
    }
    const origin = url.startsWith('/') ? secureOrigin(host, options) : undefined;
    if (origin === undefined) {
      const { kind, message } = new AppError('unknown_host');
      response.writeHead(kind.httpStatus, plain).end(`${message}\n`);
      return;
    }
    response.writeHead(308, { ...plain, Location: `${origin}${url}` }).end(`${origin}${url}\n`);
  };
}

/** Where a visitor with this `Host` is redirected; undefined if the name is not ours. */
function secureOrigin(host: string | undefined, options: RedirectOptions): string | undefined {
  const { domains, allowHosts, httpPort, httpsPort } = options;
  const url = hostUrl(host);
  if (url === undefined) return undefined;
  const { hostname, port } = url;
  const name = hostname.replace(/\.$/, '');
  const isThisMachine = name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  const isOurs = domains.length > 0 ? isThisMachine || domains.includes(name) : isAllowedHost(host, allowHosts);
  if (!isOurs) return undefined;
  // If port 80 is forwarded to another port, so is port 443.
  const isForwarded = port === '' && httpPort !== HTTP_PORT && httpPort !== 0;
  const target = isForwarded ? HTTPS_PORT : httpsPort();
  // There are no certificates for addresses.
  const known = domains.length > 0 && isThisMachine ? domains[0]! : hostname;
  return `https://${known}${target === HTTPS_PORT ? '' : `:${target}`}`;
}
