import { browserEnvironment } from '../environment.ts';
import { MediaLink } from '../media-link.ts';
import { type ClientParts, MediaFallback, type WebSocketMediaOptions } from './media-fallback.ts';

const PARTS: ClientParts = {
  environment: browserEnvironment,
  createLink: (...given) => new MediaLink(...given),
};

/**
 * Sound over a WebSocket where WebRTC does not get through. Pass its `environment` to a `VoiceClient` or `VoiceRoom`, one
 * each. It falls back when WebRTC has not connected for 5 s, and goes back when WebRTC gets through again.
 */
export class WebSocketMedia extends MediaFallback {
  constructor(options: WebSocketMediaOptions) {
    super(options, PARTS);
  }
}
