import { signal } from '@preact/signals';
import { WebSocketMedia } from '../sdk/websocket-media/web-socket-media.ts';
import { fileOf } from './voice/worklets.ts';

/** How the sound goes: by WebRTC, or over a WebSocket where that does not get through. */
export class SoundWay {
  readonly via = signal<'webrtc' | 'websocket'>('webrtc');
  /** For the client. */
  readonly environment = new WebSocketMedia({
    ...{ worker: fileOf('worker', 'media'), worklet: fileOf('worklet', 'media') },
    onVia: (via) => {
      this.via.value = via;
    },
  }).environment;
}
