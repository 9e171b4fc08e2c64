import { registerMediaProcessors } from '../sdk/websocket-media/worklet.ts';

registerMediaProcessors();
