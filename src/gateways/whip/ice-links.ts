import type { IceServer } from '../../protocol/messages.ts';

/** The values of `Link` headers for these servers (RFC 9725 section 4.6). */
export function iceLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map((url) =>
      [
        `<${url}>; rel="ice-server"`,
        ...(username === undefined ? [] : [`username=${quoted(username)}`]),
        ...(credential === undefined ? [] : [`credential=${quoted(credential)}`, 'credential-type="password"']),
      ].join('; '),
    ),
  );
}

/** RFC 9110 section 5.6.4. A header cannot have other characters than these. */
function quoted(text: string): string {
  return `"${text.replace(/[^\t\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;
}
