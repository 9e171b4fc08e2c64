import { isLocalHost } from '../lib/net/local-addresses.ts';
import type { Config } from './settings.ts';

/** Settings of the sign-in that are incomplete or cannot be, as sentences. */
export function signInProblems(config: Config): string[] {
  const { oidcIssuer, oidcClientId, oidcPageUrl, oidcScopes, tokenSecret } = config;
  if (oidcIssuer === '') return oidcClientId === '' ? [] : ['oidc-client-id has no effect without oidc-issuer.'];
  const problems: string[] = [];
  if (!isSafe(oidcIssuer))
    problems.push(`oidc-issuer ${oidcIssuer} must be an address with https://, or with http:// on this machine.`);
  if (oidcClientId === '') problems.push('oidc-issuer requires oidc-client-id.');
  if (!isSafe(oidcPageUrl) || new URL(oidcPageUrl).origin !== oidcPageUrl.replace(/\/$/, ''))
    problems.push(
      'oidc-issuer requires oidc-page-url, where people open the page: https://voice.example.org, without a path.',
    );
  if (!oidcScopes.split(' ').includes('openid')) problems.push('oidc-scopes must contain openid.');
  if (tokenSecret === '')
    problems.push('oidc-issuer requires token-secret or token-secret-file, because who signs in gets a join token.');
  return problems;
}

/** Passwords and codes go only over TLS, or stay on this machine. */
function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLocalHost(hostname.replace(/^\[|\]$/g, '')));
}
