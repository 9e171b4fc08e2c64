/** Plain HTTP beside HTTPS: it sends visitors on, and answers the certificate authority. */
import type { RequestListener } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '../../lib/errors.ts';
import { isAllowedHost, urlOfHost } from '../../lib/net/host-header.ts';
import type { Challenges } from './challenges.ts';

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

export interface RedirectOptions {
  /** Names that there is a certificate for; none: whatever the visitor asked for. */
  readonly domains: readonly string[];
  /** Names that the server is asked for by; none: any. */
  readonly allowHosts: readonly string[];
  /** The port that this is about on the machine; 0: none of its own. */
  readonly httpPort: number;
  /** The port with TLS on the machine. */
  readonly httpsPort: () => number;
  readonly challenges: Challenges;
}

/** Answers with 308 to the same address by https, or with 421 for a name that is not ours. */
export function redirectListener(options: RedirectOptions): RequestListener {
  return ({ method, url = '', headers: { host } }, response) => {
    const plain = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close' };
    const [path = ''] = url.split('?', 1);
    const proof = method === 'GET' || method === 'HEAD' ? options.challenges.ofPath(path) : undefined;
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

/** Where a visitor of this `Host` is sent; undefined if it is none of ours. */
function secureOrigin(host: string | undefined, options: RedirectOptions): string | undefined {
  const { domains, allowHosts, httpPort, httpsPort } = options;
  const url = urlOfHost(host);
  if (url === undefined) return undefined;
  const { hostname, port } = url;
  const name = hostname.replace(/\.$/, '');
  const isOfMachine = name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  const isOurs = domains.length > 0 ? isOfMachine || domains.includes(name) : isAllowedHost(host, allowHosts);
  if (!isOurs) return undefined;
  // Somebody who came by port 80 to another port was forwarded, and so is who comes by port 443.
  const isForwarded = port === '' && httpPort !== HTTP_PORT && httpPort !== 0;
  const target = isForwarded ? HTTPS_PORT : httpsPort();
  // For an address there is no certificate.
  const known = domains.length > 0 && isOfMachine ? domains[0]! : hostname;
  return `https://${known}${target === HTTPS_PORT ? '' : `:${target}`}`;
}
