/** One port number for the page and for media, so that only one has to be opened and forwarded. */
import { parseEndpoint } from '../lib/net/host-port.ts';
import type { TlsMode } from './setting.ts';
import type { Config } from './settings.ts';

/** Chromium accepts no other media port below 1024, and these only at public addresses. */
const ALLOWED_LOW_PORTS: ReadonlySet<number> = new Set([80, 443]);
const FIRST_HIGH_PORT = 1024;

type Ports = Pick<Config, 'port' | 'mediaPort' | 'mediaTcp' | 'unixSocket'>;

/** Whether page and media share a TCP port. The first bytes of a connection then show what it is for. */
export function sharesPort(ports: Ports): boolean {
  return sharesPortNumber(ports) && ports.mediaTcp === 'on';
}

/**
 * Fills in the defaults that depend on the port of the page. With HTTPS, one number is enough, and therefore one
 * worker, because each worker needs its own UDP port. The exception is a private network, where a domain is rare and
 * browsers accept no low media port.
 */
export function withOnePort(config: Config, givens: Partial<Config>, tls: TlsMode): Config {
  const follows = tls === 'acme' || (tls !== 'off' && (config.port === 0 || config.port >= FIRST_HIGH_PORT));
  const mediaPort = givens.mediaPort ?? (follows ? config.port : config.mediaPort);
  const workers = givens.workers ?? (sharesPortNumber({ ...config, mediaPort }) ? 1 : config.workers);
  return { ...config, mediaPort, workers };
}

function sharesPortNumber({ port, mediaPort, unixSocket }: Omit<Ports, 'mediaTcp'>): boolean {
  return port !== 0 && mediaPort === port && unixSocket === '';
}

/** Whether browsers accept this media port at all. */
function isAllowedByBrowsers(port: number): boolean {
  return port >= FIRST_HIGH_PORT || ALLOWED_LOW_PORTS.has(port);
}

/** Media ports that browsers would refuse, as sentences. */
export function browserPortProblems({ mediaPort, announce, workers }: Config): string[] {
  if (mediaPort === 0) return [];
  const outside = announce.map((text) => parseEndpoint(text)?.port ?? mediaPort);
  for (const first of outside.length > 0 ? outside : [mediaPort]) {
    for (let port = first; port < first + Math.max(1, workers); port++) {
      if (isAllowedByBrowsers(port)) continue;
      const whose =
        port === first
          ? `port ${port} cannot be used for media`
          : `port ${port} would be used by worker ${port - first + 1}`;
      const remedy =
        port === first ? 'choose 443, or a port from 1024 on' : 'set workers to 1, or media-port to 1024 or higher';
      return [`${whose}, because browsers accept no media port below 1024 except 80 and 443: ${remedy}.`];
    }
  }
  return [];
}
