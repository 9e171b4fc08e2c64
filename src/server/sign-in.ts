import type { Config } from '../config/config.ts';
import { createSignIn, type SignInOptions, type SignInSettings } from '../gateways/sign-in/control.ts';

/** The settings of the sign-in. Call it only if there is a provider. */
export function signInSettings(config: Config): SignInSettings {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecret: clientSecret } = config;
  return {
    issuer,
    clientId,
    clientSecret,
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
  };
}

/** Undefined if nobody can sign in. */
export function signIn(config: Config, parts: Omit<SignInOptions, 'settings'>) {
  return config.oidcIssuer === '' ? undefined : createSignIn({ ...parts, settings: signInSettings(config) });
}
