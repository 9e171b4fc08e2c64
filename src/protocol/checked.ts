import type { z } from 'zod';
import { AppError } from '../lib/errors.ts';

const ISSUES_TOLD = 3;

/** Parses what a program sent with its schema. Throws `invalid_request`, which names the wrong entries. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, ISSUES_TOLD)
    .map(({ path, message }) => (path.length > 0 ? `"${path.join('.')}": ${message}.` : `${message}.`));
  throw new AppError('invalid_request', issues.join(' '));
}

/** Like `checked`, for a text message of a WebSocket. Also throws `malformed_message` if it is not JSON. */
export function checkedJson<S extends z.ZodType>(schema: S, message: Buffer): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(message.toString('utf8'));
  } catch {
    throw new AppError('malformed_message');
  }
  return checked(schema, value);
}
