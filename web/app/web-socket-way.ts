import type { Signal } from '@preact/signals';
import type { Environment } from '../sdk/environment.ts';
import type { MediaLink } from '../sdk/media-link.ts';
import { MediaFallback } from '../sdk/websocket-media/media-fallback.ts';

let isUsed = false;

/**
 * From now on sound may go over a WebSocket. Does nothing the second time.
 * @param environment of the client; it is changed
 * @param Link as the client has it, so that it is not loaded twice
 */
export function useWebSocket(environment: Environment, wayNote: Signal<string>, Link: typeof MediaLink): void {
  if (isUsed) return;
  isUsed = true;
  let isByWebSocket = false;
  const options = {
    // It is also part of the client library, so it has no hash in its name.
    threads: '/websocket-media-threads.js',
    onVia: async (via: 'webrtc' | 'websocket') => {
      isByWebSocket = via === 'websocket';
      const { lateStrings } = await import('./late-strings.ts');
      wayNote.value = isByWebSocket ? lateStrings.overHttps : '';
    },
  };
  const parts = {
    environment: { ...environment },
    createLink: (...given: ConstructorParameters<typeof MediaLink>) => new Link(...given),
  };
  Object.assign(environment, new MediaFallback(options, parts).environment);
}
