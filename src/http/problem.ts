import type { Context } from 'koa';
import type { z } from 'zod';
import type { AppError } from '../lib/errors.ts';
import type { problemSchema } from '../protocol/api/schemas.ts';

export type Problem = z.output<typeof problemSchema>;

/** An error as a problem of RFC 9457. */
export function problemOf({ code, kind, message, retryAfterMs }: AppError): Problem {
  return {
    type: `urn:partyline:problem:${code}`,
    title: kind.message,
    status: kind.httpStatus,
    detail: message,
    code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

export function answerProblem(context: Context, error: AppError): void {
  const problem = problemOf(error);
  context.status = problem.status;
  context.set('Content-Type', 'application/problem+json; charset=utf-8');
  if (problem.status === 401) context.set('WWW-Authenticate', 'Bearer realm="partyline"');
  if (problem.retryAfterMs !== undefined) context.set('Retry-After', String(Math.ceil(problem.retryAfterMs / 1000)));
  context.body = JSON.stringify(problem);
}
