/** OpenID Connect providers on loopback, and a browser that signs in at them. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import type { Test } from 'tap';

export const CLIENT_ID = 'partyline';
export const CLIENT_SECRET = 'secret of the client at the provider';

/** A port whose answers may be replaced. */
export async function openOrigin(t: Test): Promise<{ readonly url: string; answer: RequestListener }> {
  const site: { url: string; answer: RequestListener } = { url: '', answer: (_, response) => void response.end() };
  const server: Server = createServer((request, response) => site.answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return site;
}

/** Passes requests on, so that a page has an address before its server has one. */
export function forwardTo(url: () => string): RequestListener {
  return (request, response) => {
    const { method, headers, url: path = '/' } = request;
    const forwarded = httpRequest(new URL(path, url()), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  };
}

export interface Account {
  readonly id: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * The package `oidc-provider`, which signs everybody in as this account without asking. `inIdToken`: whether the ID token
 * has the claims; otherwise they are to be asked for.
 */
export async function realProvider(
  issuer: string,
  {
    account,
    redirectUri,
    inIdToken = true,
  }: { readonly account: () => Account; readonly redirectUri: string; readonly inIdToken?: boolean },
): Promise<RequestListener> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: `key-${Math.random()}`, use: 'sig', alg: 'RS256' };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['a key for the cookies of the test'] },
    claims: { profile: ['name', 'groups'] },
    conformIdTokenClaims: !inIdToken,
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: () => '/interaction' },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, ...account().claims }) }),
  });
  const callback = provider.callback();
  const signIn: RequestListener = async (request, response) => {
    const grant = new provider.Grant({ accountId: account().id, clientId: CLIENT_ID });
    grant.addOIDCScope('openid profile');
    const result = { login: { accountId: account().id }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  };
  return (request, response) => void (request.url === '/interaction' ? signIn : callback)(request, response);
}

/** Follows redirects like a browser, with its cookies. */
export class SimpleBrowser {
  /** By origin, then by name. */
  readonly cookies = new Map<string, Map<string, string>>();
  readonly visited: string[] = [];

  /** Opens the address, and returns the last answer, or the first redirect for which `stops` is true. */
  async open(url: string, stops: (to: string) => boolean = () => false): Promise<{ url: string; response: Response }> {
    for (let at = url, steps = 0; ; steps++) {
      if (steps > 20) throw new Error(`too many redirects: ${this.visited.join(' ')}`);
      this.visited.push(at);
      const { origin } = new URL(at);
      const jar = this.cookies.get(origin) ?? new Map<string, string>();
      this.cookies.set(origin, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(at, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) return { url: at, response };
      await response.arrayBuffer();
      const next = new URL(location, at).href;
      if (stops(next)) return { url: next, response };
      at = next;
    }
  }
}
