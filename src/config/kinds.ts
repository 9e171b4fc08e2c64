import { isIP } from 'node:net';
import { z } from 'zod';

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
}

export function integer({ min, max }: { min: number; max: number }): ValueKind<number> {
  return {
    schema: z.number().int().min(min).max(max),
    fromText: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
    allowed: `a whole number from ${min} to ${max}`,
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

/** An address to listen on, or a host name that stands for one. */
export function host(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => isIP(text) !== 0 || isHostName(text)),
    fromText: (text) => text,
    allowed: 'an IP address or a host name',
    placeholder: 'HOST',
  };
}

/** A list of IP addresses; in flags and variables separated by commas. */
export function addresses(): ValueKind<readonly string[]> {
  return {
    schema: z.array(z.string().refine((text) => isIP(text) !== 0)).readonly(),
    fromText: splitList,
    allowed: 'IP addresses, separated by commas in a flag or variable, an array of strings in the file',
    placeholder: 'IP,…',
  };
}

/** A list of web origins (RFC 6454), or `*` for all. */
export function origins(): ValueKind<readonly string[]> {
  return {
    schema: z.array(z.string().refine((text) => text === '*' || isOrigin(text))).readonly(),
    fromText: splitList,
    allowed: 'origins as https://example.org or "*", separated by commas in a flag or variable, an array in the file',
    placeholder: 'ORIGIN,…',
  };
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isHostName(text: string): boolean {
  // A name of digits and dots alone is a mistyped address.
  return text.length <= 253 && /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(text) && !/^[\d.]+$/.test(text);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;
}
