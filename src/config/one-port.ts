import type { Config } from './settings.ts';

/**
 * Whether the page and media have one TCP port between them, which is so where they were given the same number. What a connection is for shows
 * in its first bytes.
 */
export function hasOnePort({ port, mediaPort, mediaTcp }: Pick<Config, 'port' | 'mediaPort' | 'mediaTcp'>): boolean {
  return port !== 0 && mediaPort === port && mediaTcp === 'on';
}
