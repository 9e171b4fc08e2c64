import { z } from 'zod';
import { identities, type ValueKind } from './kinds.ts';
import { setting } from './setting.ts';

const MAX_PEOPLE = 10_000;
const MAX_IDENTITY_LENGTH = 256;

/** Names by identity. */
function namesByIdentity(): ValueKind<Readonly<Record<string, string>>> {
  return {
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? namesIn(value) : value),
      z
        .record(z.string().min(1).max(MAX_IDENTITY_LENGTH), z.string().min(1).max(256))
        .refine((names) => Object.keys(names).length <= MAX_PEOPLE)
        .readonly(),
    ),
    fromText: namesIn,
    allowed: 'IDENTITY=NAME, separated by commas, or a table of "IDENTITY" = "NAME" in the file',
    placeholder: 'IDENTITY=NAME,…',
  };
}

/** Identities may contain the sign, names hardly do. Returns the text itself if it is no such list, or an identity occurs twice. */
function namesIn(text: string): unknown {
  const items = text.split(',').map((item) => item.trim());
  const pairs = items.filter((item) => item !== '').map((item) => /^(.+)=([^=]+)$/s.exec(item));
  const names = Object.fromEntries(pairs.map((pair) => [pair?.[1]?.trim() ?? '', pair?.[2]?.trim()]));
  return pairs.every((pair) => pair !== null) && Object.keys(names).length === pairs.length ? names : text;
}

/** Who is known without an account; part of `SETTINGS`. */
export const PEOPLE_SETTINGS = {
  registeredNames: setting(namesByIdentity(), {
    default: {},
    help: 'Names of people by their identity: the "sub" of their join token, or mumble: and the hash of the certificate of their Mumble client. They always have this name, and nobody else may use it.',
  }),
  moderators: setting(identities(), {
    default: [],
    help: 'Identities of people who moderate in every room, as in registered-names.',
  }),
};
