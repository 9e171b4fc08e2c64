/** Which pages may use the other ways in and out, and what browsers let them see (Fetch, section "CORS protocol"). */
import type { Context } from 'koa';
import { AppError } from '../lib/errors.ts';
import { isAllowedOrigin } from '../lib/net/allowed-origin.ts';

const MAX_AGE_S = 86_400;

/** Sets the headers for the page that makes the request. Throws `forbidden_origin`. */
export function allowOrigin(context: Context, allowOrigins: readonly string[]): void {
  context.vary('Origin');
  const origin = context.get('Origin');
  if (!isAllowedOrigin(context.req, allowOrigins)) throw new AppError('forbidden_origin');
  if (origin === '') return;
  context.set({
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch',
  });
}

/** Answers the question that browsers ask first. */
export function answerPreflight(context: Context, methods: string): void {
  context.set({
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
    'Access-Control-Max-Age': String(MAX_AGE_S),
  });
}
