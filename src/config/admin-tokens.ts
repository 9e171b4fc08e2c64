import { z } from 'zod';
import { bearerToken, path, type ValueKind } from './kinds.ts';
import { setting } from './setting.ts';

/** As in the API (`protocol/api/scopes.ts`), which settings do not know. */
const ADMIN_SCOPES = ['read', 'moderate', 'everything'] as const;

/** A token of the API, by the name of who has it. */
export interface NamedToken {
  readonly scope: (typeof ADMIN_SCOPES)[number];
  readonly token: string;
}

export const MIN_ADMIN_TOKEN_LENGTH = 16;
const MAX_TOKENS = 100;
const token = bearerToken({ minLength: MIN_ADMIN_TOKEN_LENGTH }).schema.refine((text) => text !== '');

/** Tokens by the name of who has them. */
function adminTokens(): ValueKind<Readonly<Record<string, NamedToken>>> {
  const named = z.preprocess(
    (value) => (typeof value === 'string' ? tokenIn(value) : value),
    z.strictObject({ scope: z.enum(ADMIN_SCOPES), token }),
  );
  return {
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? tokensIn(value) : value),
      z
        .record(z.string().regex(/^[\w.-]{1,64}$/), named)
        .refine((tokens) => Object.keys(tokens).length <= MAX_TOKENS)
        .refine((tokens) => new Set(Object.values(tokens).map((one) => one.token)).size === Object.keys(tokens).length)
        .readonly(),
    ),
    fromText: tokensIn,
    allowed: `NAME=SCOPE:TOKEN, separated by commas or on lines of their own, or a table of NAME = "SCOPE:TOKEN" in the file, where SCOPE is read, moderate or everything and each TOKEN has at least ${MIN_ADMIN_TOKEN_LENGTH} characters`,
    placeholder: 'NAME=SCOPE:TOKEN,…',
    secret: true,
  };
}

/** More tokens of the API; part of `SETTINGS`. */
export const ADMIN_TOKEN_SETTINGS = {
  adminTokens: setting(adminTokens(), {
    default: {},
    help: 'Further tokens for the admin page and the REST API, each with a name for the log and a scope. "read": look at everything except the sound of recordings and the audit trail. "moderate": also mute, move, remove and ban people, and open, change and close rooms. "everything": like admin-token.',
  }),
  adminTokensFile: setting(path(), {
    default: '',
    help: 'File that contains the admin-tokens, one on each line. Lines that begin with # are ignored.',
  }),
};

/** Returns the text itself if it is not a list of NAME=SCOPE:TOKEN, or a name occurs twice. */
function tokensIn(text: string): unknown {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const items = lines.flatMap((line) => line.split(',')).map((item) => item.trim());
  const pairs = items.filter((item) => item !== '').map((item) => item.split(/=(.*)/s));
  const isList = pairs.every(([, rest]) => rest !== undefined);
  const tokens = Object.fromEntries(pairs.map(([name = '', rest = '']) => [name.trim(), rest.trim()]));
  return isList && Object.keys(tokens).length === pairs.length ? tokens : text;
}

function tokenIn(text: string): unknown {
  const [scope, secret] = text.split(/:(.*)/s);
  return { scope, token: secret };
}
