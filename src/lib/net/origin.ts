/** Web origins (RFC 6454) as an operator allows them, and as browsers send them. */

/** `https://*.example.org`: each name below this one, of whatever depth, as in a Content-Security-Policy. */
const WILDCARD = '*.';
/** What comes from no place that has a name: sandboxed frames, `data:` addresses. */
const OPAQUE = 'null';
/** Pages of files; what else has this scheme has no host that would tell them apart. */
const FILE = 'file://';

/**
 * Whether this is an origin that can be compared with what a browser sends: `https://example.org`, `http://[::1]:8080`, of any scheme
 * (`capacitor://localhost`), `null`, or one whose first label is `*`. Written as browsers write it: in lower case, without the port that
 * the scheme has anyway, and without a path.
 */
export function isOriginPattern(text: string): boolean {
  if (text === OPAQUE || text === FILE) return true;
  const { scheme, rest } = /^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?<rest>[^*]+|\*\.[^*]+)$/.exec(text)?.groups ?? {};
  if (scheme === undefined || rest === undefined) return false;
  const authority = rest.startsWith(WILDCARD) ? rest.slice(WILDCARD.length) : rest;
  // Of schemes that the parser does not know it takes any host, so the rules are those of https, but for the usual port.
  if (!/^(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/.test(authority)) return false;
  const url = `${isWeb(scheme) ? scheme : 'https'}://${authority}`;
  if (!URL.canParse(url) || (rest !== authority && authority.startsWith('['))) return false;
  return !isWeb(scheme) || new URL(url).origin === url;
}

/** Whether `origin`, as a browser sends it, is the one that the pattern stands for, or one of them. */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const at = pattern.indexOf(`://${WILDCARD}`);
  if (at < 0) return pattern === origin;
  const scheme = pattern.slice(0, at + '://'.length);
  const suffix = pattern.slice(at + '://*'.length);
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  // What the browser says is of its own making, so these are the labels before the suffix.
  return /^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(origin.slice(scheme.length, origin.length - suffix.length));
}

function isWeb(scheme: string): boolean {
  return scheme === 'https' || scheme === 'http';
}
