/** Everything that `@partyline/client/websocket-media` offers. */
export type { WebSocketMediaOptions } from './media-fallback.ts';
export { WebSocketMedia } from './web-socket-media.ts';
