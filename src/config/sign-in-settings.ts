import { list, path, secret, text } from './kinds.ts';
import { setting } from './setting.ts';

/** A list of groups at the provider. */
const groups = () => list({ isItem: (item) => item !== '', items: 'groups', placeholder: 'GROUP,…' });
const roomRules = () =>
  list({
    isItem: (item) => /^[^=]+=.+$/su.test(item),
    items: 'rooms with =GROUP',
    placeholder: 'ROOM=GROUP,…',
  });

/** Signing in on the page by OpenID Connect; part of `SETTINGS`. */
export const SIGN_IN_SETTINGS = {
  oidcIssuer: setting(text({ maxLength: 500 }), {
    default: '',
    help: 'OpenID Connect provider with which people can sign in on the page, such as https://accounts.google.com. They then get a join token. If empty, nobody can sign in.',
  }),
  oidcClientId: setting(text({ maxLength: 500 }), {
    default: '',
    help: 'What the provider calls this server. There, enter PAGE-URL/sign-in/callback as the redirect URI.',
  }),
  oidcClientSecret: setting(secret({ minBytes: 1 }), {
    default: '',
    help: 'Secret of this server at the provider. Other users of the machine can read flags, so a file is safer.',
  }),
  oidcClientSecretFile: setting(path(), {
    default: '',
    help: 'File that contains the oidc-client-secret. Surrounding white space is ignored.',
  }),
  oidcPageUrl: setting(text({ maxLength: 500 }), {
    default: '',
    help: 'Where people open the page: https://voice.example.org. The provider sends them back there.',
  }),
  oidcLabel: setting(text({ maxLength: 64 }), {
    default: '',
    help: 'What the button on the page calls the provider, such as Discord. If empty, its host name.',
  }),
  oidcScopes: setting(text({ maxLength: 500 }), {
    default: 'openid profile',
    help: 'What the provider is asked for, separated by spaces. It must contain openid.',
  }),
  oidcNameClaim: setting(text({ maxLength: 200 }), {
    default: 'name',
    help: "The provider's claim with the name of a person. If it is missing, name, preferred_username or nickname is used.",
  }),
  oidcGroupsClaim: setting(text({ maxLength: 200 }), {
    default: 'groups',
    help: "The provider's claim with the groups or roles of a person: a name, or a path such as realm_access.roles.",
  }),
  oidcRooms: setting(roomRules(), {
    default: [],
    help: 'Rooms for which only members of a group get a token. * is every room that is not listed. Without an entry, everybody who signs in gets one.',
  }),
  oidcModerators: setting(groups(), {
    default: [],
    help: 'Groups whose members moderate every room that they join.',
  }),
};
