import { isIP } from 'node:net';
import { z } from 'zod';
import { isNetwork } from '../lib/net/client-address.ts';
import { isHostName, parseEndpoint } from '../lib/net/host-port.ts';
import { isOriginPattern } from '../lib/net/origin.ts';
import { parseTurnUrl } from '../lib/turn.ts';
import { parseWebhookSecret } from '../lib/webhook-signature.ts';

/** A kind of value that a setting can have. */
export interface ValueKind<T> {
  /** Accepts the value as a TOML file holds it, and a flag's or variable's after `fromText`. */
  readonly schema: z.ZodType<T>;
  /** What a flag or a variable says, as the type that the schema expects; left as it is if it cannot be that. */
  fromText(text: string): unknown;
  /** Completes the sentence "what is needed is ...". */
  readonly allowed: string;
  /** Stands for the value in the help text. */
  readonly placeholder: string;
  /** No message repeats the value. */
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

/** An on/off setting; the file may also hold `true` and `false`, and so may flags and variables. */
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
  /** The items, in words. */
  readonly items: string;
  readonly placeholder: string;
  readonly secret?: true;
}

/** A list of texts. One text stands for the items in it, which are separated by commas; the file may also hold an array. */
function list({ isItem, items, ...rest }: ListOptions): ValueKind<readonly string[]> {
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

/** An address to listen on, or a host name that stands for one. */
export function host(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => isIP(text) !== 0 || isHostName(text)),
    fromText: (text) => text,
    allowed: 'an IP address or a host name',
    placeholder: 'HOST',
  };
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

/** A list of host names in lower case, without ports. */
export function hostNames(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => isHostName(text) && text === text.toLowerCase(),
    items: 'host names in lower case, without a port',
    placeholder: 'NAME,…',
  });
}

/** A list of what `parseEndpoint` reads. */
export function announcements(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => parseEndpoint(text) !== null,
    items: 'IP addresses or host names, each with or without a port',
    placeholder: 'IP[:PORT],…',
  });
}

/** A list of what `parseTurnUrl` reads. */
export function turnUrls(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => parseTurnUrl(text) !== null,
    items:
      'URLs such as turn:turn.example.org, turn:turn.example.org:3478?transport=tcp or turns:turn.example.org:5349',
    placeholder: 'URL,…',
  });
}

/** A list of what `isOriginPattern` accepts, or `*` for all. */
export function origins(): ValueKind<readonly string[]> {
  return list({
    isItem: (text) => text === '*' || isOriginPattern(text),
    items: `${ORIGINS_IN_WORDS}, "null" for pages without an origin, "*" for all`,
    placeholder: 'ORIGIN,…',
  });
}

/** A list of origins for `frame-ancestors` of a Content-Security-Policy, which knows no opaque ones. */
export function frameAncestors(): ValueKind<readonly string[]> {
  const isOpaque = (text: string): boolean => text === 'null' || text === 'file://';
  return list({
    isItem: (text) => text === '*' || (isOriginPattern(text) && !isOpaque(text)),
    items: `${ORIGINS_IN_WORDS}, "*" for all`,
    placeholder: 'ORIGIN,…',
  });
}

/** Something to sign or to prove with; the empty text is none. */
export function secret({ minBytes }: { minBytes: number }): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || Buffer.byteLength(text) >= minBytes),
    fromText: (text) => text,
    allowed: `a secret of at least ${minBytes} bytes`,
    placeholder: 'SECRET',
    secret: true,
  };
}

/** A secret that goes behind "Bearer" in a header (RFC 6750 section 2.1); the empty text is none. */
export function bearerToken({ minLength }: { minLength: number }): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || (text.length >= minLength && /^[\w\-.~+/]+=*$/.test(text))),
    fromText: (text) => text,
    allowed: `a secret of at least ${minLength} letters, digits and characters from "-._~+/", such as the output of "openssl rand -hex 24"`,
    placeholder: 'TOKEN',
    secret: true,
  };
}

/** What `parseWebhookSecret` reads; the empty text is none. */
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

/** A list of addresses to be called, which may hold secrets. */
export function webhookUrls(): ValueKind<readonly string[]> {
  return list({
    isItem: isWebhookUrl,
    items: 'URLs such as https://example.org/hook, without a user or a fragment',
    placeholder: 'URL,…',
    secret: true,
  });
}

/** A name at another service; the empty text is none. */
export function userName(): ValueKind<string> {
  return {
    schema: z.string().max(256),
    fromText: (text) => text,
    allowed: 'a name of at most 256 characters',
    placeholder: 'NAME',
  };
}

/** The path of a file; empty: no file. */
export function path(): ValueKind<string> {
  return { schema: z.string(), fromText: (text) => text, allowed: 'a file path', placeholder: 'FILE' };
}

/** The path of a directory; empty: the usual one. */
export function directory(): ValueKind<string> {
  return { schema: z.string(), fromText: (text) => text, allowed: 'a directory path', placeholder: 'DIRECTORY' };
}

export function httpsUrl(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:'),
    fromText: (text) => text,
    allowed: 'a URL that starts with https://',
    placeholder: 'URL',
  };
}

/** An address for mail; empty: none. */
export function email(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || /^[^\s@,?]+@[^\s@,?]+$/.test(text)),
    fromText: (text) => text,
    allowed: 'an email address',
    placeholder: 'ADDRESS',
  };
}

/** Passwords by the name that each is for. */
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

/** The text itself if it is no list of NAME=PASSWORD. */
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

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
