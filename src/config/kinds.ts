import { isIP } from 'node:net';
import { z } from 'zod';
import { isNetwork } from '../lib/net/client-address.ts';
import { isHostName, parseEndpoint } from '../lib/net/host-port.ts';
import { isOriginPattern } from '../lib/net/origin.ts';
import { parseTurnUrl } from '../lib/turn.ts';
import { parseWebhookSecret } from '../lib/webhook-signature.ts';

/** The kind of value that a setting has. */
export interface ValueKind<T> {
  /** Accepts the value from a TOML file, or the result of `fromText` for a flag or a variable. */
  readonly schema: z.ZodType<T>;
  /**
   * Converts the text of a flag or a variable to the type that the schema expects. Returns it unchanged if it cannot be
   * converted.
   */
  fromText(text: string): unknown;
  /** Completes the sentence "expected ...". */
  readonly allowed: string;
  /** Placeholder for the value in the help text. */
  readonly placeholder: string;
  /** Error messages never repeat the value. */
  readonly secret?: true;
}

export function integer({ min, max }: { min: number; max: number }): ValueKind<number> {
  return {
    schema: z.number().int().min(min).max(max),
    fromText: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
    allowed: `an integer from ${min} to ${max}`,
    placeholder: 'N',
  };
}

export function choice<const T extends string>(values: readonly [T, ...T[]]): ValueKind<T> {
  return {
    schema: z.enum(values) as unknown as z.ZodType<T>,
    fromText: (text) => text,
    allowed: `one of ${values.join(', ')}`,
    placeholder: values.join('|'),
  };
}

/** An on/off setting. The file, flags and variables may also say `true` and `false`. */
export function onOff(): ValueKind<'on' | 'off'> {
  return {
    schema: z.union([
      z.enum(['on', 'off']),
      z.boolean().transform((isOn): 'on' | 'off' => (isOn ? 'on' : 'off')),
    ]) as unknown as z.ZodType<'on' | 'off'>,
    fromText: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
    allowed: 'one of on, off, true, false',
    placeholder: 'on|off',
  };
}

interface ListOptions {
  /** Whether a text can be an item. */
  readonly isItem: (text: string) => boolean;
  /** Describes the items. */
  readonly items: string;
  readonly placeholder: string;
  readonly secret?: true;
}

/** A list of strings. A single string is split at commas; the file may also contain an array. */
export function list({ isItem, items, ...rest }: ListOptions): ValueKind<readonly string[]> {
  const array = z.array(z.string().refine(isItem)).readonly();
  return {
    schema: z.preprocess((value) => (typeof value === 'string' ? splitList(value) : value), array),
    fromText: splitList,
    allowed: `${items}, separated by commas, or an array of strings in the file`,
    ...rest,
  };
}

const ORIGINS_IN_WORDS =
  'origins as browsers send them: https://example.org, http://localhost:3000 or capacitor://localhost (lower case, no path, no default port), or https://*.example.org for all names below it';

/** A listening address, or a host name that resolves to one. */
export function host(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => isIP(text) !== 0 || isHostName(text)),
    fromText: (text) => text,
    allowed: 'an IP address or a host name',
    placeholder: 'HOST',
  };
}

/** As `host`; the empty string means none. */
export function hostOrNone(): ValueKind<string> {
  const { schema, ...rest } = host();
  return { ...rest, schema: z.union([z.literal(''), schema]) };
}

/** A list of IP addresses. */
export function addresses(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => isIP(text) !== 0,
    items: 'IP addresses',
    placeholder: 'IP,…',
  });
}

/** A list of IP addresses and networks. */
export function networks(): ValueKind<readonly string[]> {
  return list({
    isItem: isNetwork,
    items: 'IP addresses or networks such as 10.0.0.0/8',
    placeholder: 'IP[/BITS],…',
  });
}

/** A list of the identities of people, in any form. */
export function identities(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => text.length > 0 && text.length <= 256,
    items: 'identities',
    placeholder: 'IDENTITY,…',
  });
}

/** A list of host names in lower case, without ports. */
export function hostNames(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => isHostName(text) && text === text.toLowerCase(),
    items: 'host names in lower case, without a port',
    placeholder: 'NAME,…',
  });
}

/** A list of names that whoever uses them checks further. */
export function names(): ValueKind<readonly string[]> {
  return list({ isItem: (text) => text !== '', items: 'names', placeholder: 'NAME,…' });
}

/** A list of endpoints that `parseEndpoint` accepts. */
export function announcements(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => parseEndpoint(text) !== null,
    items: 'IP addresses or host names, each with or without a port',
    placeholder: 'IP[:PORT],…',
  });
}

/** One such endpoint; the empty string means none. */
export function endpointOrNone(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || parseEndpoint(text) !== null),
    fromText: (text) => text,
    allowed: 'an IP address or a host name, with or without a port',
    placeholder: 'HOST[:PORT]',
  };
}

/** A list of SHA-256 fingerprints, with or without colons. */
export function fingerprints(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => /^[\da-f]{64}$/i.test(text.replaceAll(':', '')),
    items: 'SHA-256 fingerprints in hexadecimal, with or without colons',
    placeholder: 'SHA256,…',
  });
}

/** A list of URLs that `parseTurnUrl` accepts. */
export function turnUrls(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => parseTurnUrl(text) !== null,
    items:
      'URLs such as turn:turn.example.org, turn:turn.example.org:3478?transport=tcp or turns:turn.example.org:5349',
    placeholder: 'URL,…',
  });
}

/** A list of origins that `isOriginPattern` accepts, or `*` for all. */
export function origins(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => text === '*' || isOriginPattern(text),
    items: `${ORIGINS_IN_WORDS}, "null" for pages without an origin, "*" for all`,
    placeholder: 'ORIGIN,…',
  });
}

/** A list of origins for `frame-ancestors` of a Content-Security-Policy, which does not support opaque origins. */
export function frameAncestors(): ValueKind<readonly string[]> {
  const isOpaque = (text: string): boolean => text === 'null' || text === 'file://';
  return list({
    isItem: (text) => text === '*' || (isOriginPattern(text) && !isOpaque(text)),
    items: `${ORIGINS_IN_WORDS}, "*" for all`,
    placeholder: 'ORIGIN,…',
  });
}

/** A secret for signing or authentication; the empty string means none. */
export function secret({ minBytes }: { minBytes: number }): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || Buffer.byteLength(text) >= minBytes),
    fromText: (text) => text,
    allowed: `a secret of at least ${minBytes} bytes`,
    placeholder: 'SECRET',
    secret: true,
  };
}

/** A secret for a "Bearer" header (RFC 6750 section 2.1); the empty string means none. */
export function bearerToken({ minLength }: { minLength: number }): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || (text.length >= minLength && /^[\w\-.~+/]+=*$/.test(text))),
    fromText: (text) => text,
    allowed: `a secret of at least ${minLength} letters, digits and characters from "-._~+/", such as the output of "openssl rand -hex 24"`,
    placeholder: 'TOKEN',
    secret: true,
  };
}

/** A secret that `parseWebhookSecret` accepts; the empty string means none. */
export function webhookSecret(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || parseWebhookSecret(text) !== null),
    fromText: (text) => text,
    allowed:
      '24 to 64 bytes in base64, such as the output of "openssl rand -base64 32", with or without the prefix "whsec_"',
    placeholder: 'SECRET',
    secret: true,
  };
}

/** A list of webhook URLs, which may contain secrets. */
export function webhookUrls(): ValueKind<readonly string[]> {
  return list({
    isItem: isWebhookUrl,
    items: 'URLs such as https://example.org/hook, without a user or a fragment',
    placeholder: 'URL,…',
    secret: true,
  });
}

/** A user name at another service; the empty string means none. */
export function userName(): ValueKind<string> {
  return {
    schema: z.string().max(256),
    fromText: (text) => text,
    allowed: 'a name of at most 256 characters',
    placeholder: 'NAME',
  };
}

/** A text of one line; it may be empty. */
export function text({ maxLength }: { maxLength: number }): ValueKind<string> {
  return {
    schema: z
      .string()
      .max(maxLength)
      .regex(/^\P{Cc}*$/u),
    fromText: (given) => given,
    allowed: `a text of at most ${maxLength} characters in one line`,
    placeholder: 'TEXT',
  };
}

/** The URL of a bucket; the empty string means none. */
export function bucketUrl(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || isBucketUrl(text)),
    fromText: (text) => text,
    allowed: 'a URL such as https://s3.example.org/bucket, without a user, a query or a fragment',
    placeholder: 'URL',
  };
}

/** A name of another service. */
export function word(): ValueKind<string> {
  return {
    schema: z.string().regex(/^[\w-]{1,64}$/),
    fromText: (text) => text,
    allowed: 'letters, digits, "-" and "_"',
    placeholder: 'NAME',
  };
}

/** A file path; the empty string means no file. */
export function path(): ValueKind<string> {
  return { schema: z.string(), fromText: (text) => text, allowed: 'a file path', placeholder: 'FILE' };
}

/** A directory path; the empty string means the default directory. */
export function directory(): ValueKind<string> {
  return { schema: z.string(), fromText: (text) => text, allowed: 'a directory path', placeholder: 'DIRECTORY' };
}

/** A directory path; the empty string means none. */
export function optionalDirectory(): ValueKind<string> {
  return { ...directory(), allowed: 'a directory path, or nothing' };
}

export function httpsUrl(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:'),
    fromText: (text) => text,
    allowed: 'a URL that starts with https://',
    placeholder: 'URL',
  };
}

/** An email address; the empty string means none. */
export function email(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || /^[^\s@,?]+@[^\s@,?]+$/.test(text)),
    fromText: (text) => text,
    allowed: 'an email address',
    placeholder: 'ADDRESS',
  };
}

/** Passwords by room name. */
export function passwords(): ValueKind<Readonly<Record<string, string>>> {
  return {
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? passwordsIn(value) : value),
      z.record(z.string(), z.string().min(1).max(256)).readonly(),
    ),
    fromText: passwordsIn,
    allowed: 'ROOM=PASSWORD, separated by commas, or a table of ROOM = "PASSWORD" in the file',
    placeholder: 'ROOM=PASSWORD,…',
    secret: true,
  };
}

/** A list of room names, each with or without a description after `=`. */
export function describedRooms(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => /^[^=]+(?:=.{0,200})?$/su.test(text),
    items: 'room names, each with or without =DESCRIPTION (at most 200 characters)',
    placeholder: 'ROOM[=TEXT],…',
  });
}

/** A list of room names, each with or without a channel after `=`. */
export function coupledRooms(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => /^[^=]+(?:=[^=]+)?$/u.test(text),
    items: 'room names, each with or without =CHANNEL or =CHANNEL/CHANNEL',
    placeholder: 'ROOM[=CHANNEL],…',
  });
}

/** Returns the text itself if it is not a list of NAME=PASSWORD. */
function passwordsIn(text: string): unknown {
  const pairs = splitList(text).map((item) => item.split(/=(.*)/s));
  return pairs.every(([, password]) => password !== undefined)
    ? Object.fromEntries(pairs.map(([name = '', password]) => [name.trim(), password]))
    : text;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isBucketUrl(text: string): boolean {
  if (!isWebhookUrl(text)) return false;
  return new URL(text).search === '';
}

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
