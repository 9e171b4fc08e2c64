/**
 * The URL of the WebSocket of a server, from its address, such as `https://voice.example.org`, or from that of the
 * WebSocket itself. Throws `TypeError`.
 */
export function webSocketUrl(server: string): string {
  const url = new URL(server, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.pathname.endsWith('/')) url.pathname += 'ws';
  return url.href;
}
