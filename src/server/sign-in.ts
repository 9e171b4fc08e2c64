import type { Config } from '../config/config.ts';
import { createSignIn, type SignInOptions } from '../gateways/sign-in/control.ts';

/** Undefined if nobody can sign in. */
export function signIn(config: Config, parts: Omit<SignInOptions, 'settings'>) {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecret: clientSecret } = config;
  if (issuer === '') return undefined;
  return createSignIn({
    ...parts,
    settings: {
      ...{ issuer, clientId, clientSecret },
      scopes: config.oidcScopes,
      label: config.oidcLabel === '' ? new URL(issuer).hostname : config.oidcLabel,
      pageUrl: config.oidcPageUrl,
      secret: config.tokenSecret,
      rules: {
        nameClaim: config.oidcNameClaim,
        groupsClaim: config.oidcGroupsClaim,
        rooms: config.oidcRooms,
        moderators: config.oidcModerators,
      },
    },
  });
}
