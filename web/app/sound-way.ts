import { signal } from '@preact/signals';
import { browserEnvironment } from '../sdk/environment.ts';
import { MediaLink } from '../sdk/media-link.ts';

/** What people are told while the sound goes over a WebSocket, because WebRTC does not get through; otherwise empty. */
export const wayNote = signal('');

/** The client's access to the browser, which the code for WebSockets changes once it is loaded. */
export const environment = { ...browserEnvironment };

/** Call it before a join. Without that code, there is only WebRTC. */
export const loadWebSocketWay = () =>
  import('./web-socket-way.ts').then((late) => late.useWebSocket(environment, wayNote, MediaLink)).catch(() => {});
