/** One port number for the page and for media, so that one is enough to forward, and to be let through. */
import type { Config, TlsMode } from './settings.ts';

type Ports = Pick<Config, 'port' | 'mediaPort' | 'mediaTcp'>;

/** Whether page and media have the same TCP port. What a connection is for shows in its first bytes. */
export function hasOnePort(ports: Ports): boolean {
  return hasOneNumber(ports) && ports.mediaTcp === 'on';
}

/** The defaults that hang on the port of the page: with https, one number is enough, and so one worker, because each has a UDP port. */
export function withOnePort(config: Config, givens: Partial<Config>, tls: TlsMode): Config {
  const mediaPort = givens.mediaPort ?? (tls === 'off' ? config.mediaPort : config.port);
  const workers = givens.workers ?? (hasOneNumber({ ...config, mediaPort }) ? 1 : config.workers);
  return { ...config, mediaPort, workers };
}

function hasOneNumber({ port, mediaPort }: Pick<Ports, 'port' | 'mediaPort'>): boolean {
  return port !== 0 && mediaPort === port;
}
