/**
 * Headers that tell a browser what the page may do. `host` is the request's `Host` header; `frameAncestors` are origins
 * that may embed the page in a frame; `connects` are further places to which it may connect.
 */
export function securityHeaders(
  host: string | undefined,
  frameAncestors: readonly string[],
  connects = '',
): Record<string, string> {
  return {
    'Content-Security-Policy': contentSecurityPolicy(host, frameAncestors, connects),
    'Permissions-Policy': 'microphone=(self), camera=(), geolocation=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

/** The same for the page that only plays: it may do nothing else. */
export function listeningHeaders(frameAncestors: readonly string[]): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    'media-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    ancestors(frameAncestors),
  ];
  return {
    ...securityHeaders(undefined, frameAncestors),
    'Content-Security-Policy': policy.join('; '),
    'Permissions-Policy': 'microphone=(), camera=(), geolocation=()',
  };
}

function ancestors(origins: readonly string[]): string {
  return `frame-ancestors ${origins.length === 0 ? "'none'" : origins.join(' ')}`;
}

function contentSecurityPolicy(host: string | undefined, frameAncestors: readonly string[], connects: string): string {
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
    `connect-src 'self'${webSockets}${/^[\w.:/*[\] -]+$/.test(connects) ? ` ${connects}` : ''}`,
    "base-uri 'none'",
    "form-action 'self'",
    ancestors(frameAncestors),
  ].join('; ');
}
