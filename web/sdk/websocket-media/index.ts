/** Everything that `@partyline/client/websocket-media` offers. */
export { WebSocketMedia, type WebSocketMediaOptions } from './web-socket-media.ts';
