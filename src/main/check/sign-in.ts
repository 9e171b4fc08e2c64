/** Checks whether the OpenID Connect provider answers, and knows this server. */
import { CALLBACK } from '../../gateways/sign-in/control.ts';
import { SignInProvider } from '../../gateways/sign-in/provider.ts';
import { within } from '../../lib/clock.ts';
import { reasonOfFetch } from '../../lib/fetch-error.ts';
import { signInSettings } from '../../server/sign-in.ts';
import type { CheckInput, CheckResult } from './result.ts';

const LIMIT_MS = 5000;
const name = 'sign-in';

/** No result if nobody can sign in. */
export async function checkSignIn({ config, clock }: CheckInput): Promise<readonly CheckResult[]> {
  if (config.oidcIssuer === '') return [];
  const settings = signInSettings(config);
  const redirectUri = `${new URL(settings.pageUrl).origin}${CALLBACK}`;
  try {
    const found = await within(clock, LIMIT_MS, new SignInProvider({ ...settings, redirectUri }, clock).knowsClient());
    return [found === undefined ? unusable(settings.issuer, 'no answer') : judge(found, settings.issuer, redirectUri)];
  } catch (error) {
    return [unusable(settings.issuer, reasonOfFetch(error))];
  }
}

function judge(found: 'known' | 'unknown' | 'unclear', issuer: string, redirectUri: string): CheckResult {
  if (found === 'unknown') {
    const text = `${issuer} does not know this server. Check oidc-client-id and oidc-client-secret.`;
    return { name, status: 'warn', text };
  }
  const known = found === 'known' ? 'answers and knows this server' : 'answers';
  return { name, status: 'ok', text: `${issuer} ${known}. It must allow the redirect URI ${redirectUri}.` };
}

function unusable(issuer: string, reason: string): CheckResult {
  const text = `Nobody can sign in: ${issuer} cannot be used (${reason}). Check oidc-issuer and any firewalls in between.`;
  return { name, status: 'warn', text };
}
