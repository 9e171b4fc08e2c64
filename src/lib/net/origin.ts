/** Web origins (RFC 6454), as operators allow them and as browsers send them. */

/** `https://*.example.org` matches every name below it at any depth, as in a Content-Security-Policy. */
const WILDCARD = '*.';
/** The origin of sandboxed frames and `data:` URLs. */
const OPAQUE = 'null';
/** The origin of local files; they have no host to distinguish them. */
const FILE = 'file://';

/**
 * Whether this is an origin that can be compared with what a browser sends: `https://example.org`, `http://[::1]:8080`,
 * any scheme (`capacitor://localhost`), `null`, or one whose first label is `*`. It must be written as browsers write
 * it: in lower case, without a default port and without a path.
 */
export function isOriginPattern(text: string): boolean {
  if (text === OPAQUE || text === FILE) return true;
  const { scheme, rest } = /^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?<rest>[^*]+|\*\.[^*]+)$/.exec(text)?.groups ?? {};
  if (scheme === undefined || rest === undefined) return false;
  const authority = rest.startsWith(WILDCARD) ? rest.slice(WILDCARD.length) : rest;
  // The parser accepts any host for schemes that it does not know, so the rules of https apply, except for the default
  // port.
  if (!/^(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/.test(authority)) return false;
  const url = `${isWeb(scheme) ? scheme : 'https'}://${authority}`;
  if (!URL.canParse(url) || (rest !== authority && authority.startsWith('['))) return false;
  return !isWeb(scheme) || new URL(url).origin === url;
}

/** Whether `origin`, as a browser sends it, matches the pattern. */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const at = pattern.indexOf(`://${WILDCARD}`);
  if (at < 0) return pattern === origin;
  const scheme = pattern.slice(0, at + '://'.length);
  const suffix = pattern.slice(at + '://*'.length);
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  // Browsers normalise origins, so these are the labels before the suffix.
  return /^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(origin.slice(scheme.length, origin.length - suffix.length));
}

function isWeb(scheme: string): boolean {
  return scheme === 'https' || scheme === 'http';
}
