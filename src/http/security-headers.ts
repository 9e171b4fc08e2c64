/**
 * Headers that tell a browser what the page may do. `host` is the request's `Host` header; `frameAncestors` are origins
 * that may embed the page in a frame.
 */
export function securityHeaders(host: string | undefined, frameAncestors: readonly string[]): Record<string, string> {
  return {
    'Content-Security-Policy': contentSecurityPolicy(host, frameAncestors),
    'Permissions-Policy': 'microphone=(self), camera=(), geolocation=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

function contentSecurityPolicy(host: string | undefined, frameAncestors: readonly string[]): string {
  // Safari before 15.4 does not consider a WebSocket to the same host as 'self'.
  const webSockets = host !== undefined && /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    // The strong noise suppression is WebAssembly. Scripts may still not be made from text.
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "media-src 'self' blob: mediastream:",
    `connect-src 'self'${webSockets}`,
    "base-uri 'none'",
    "form-action 'self'",
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ')}`,
  ].join('; ');
}
