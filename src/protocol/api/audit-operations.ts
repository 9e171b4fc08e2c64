/** The operation of the REST API that tells who has done what; part of `OPERATIONS`. */
import { z } from 'zod';
import type { Operation } from './operations.ts';
import { pageSchema } from './schemas.ts';

export const auditEntrySchema = z.strictObject({
  at: z.string().meta({ format: 'date-time' }),
  by: z.string().describe('The name of the token: `admin` for `admin-token`, or as in `admin-tokens`.'),
  operation: z.string().describe('Its `operationId`.'),
  target: z
    .record(z.string(), z.string())
    .describe('What the path of the request named, such as `room` and `participant`.'),
  address: z.string().nullable().describe('Where the request came from; null with `show-addresses` off.'),
  result: z.string().describe('`done`, or the code of the error.'),
});

export type AuditEntry = z.output<typeof auditEntrySchema>;

export const auditListSchema = z.strictObject({
  entries: z.array(auditEntrySchema),
  total: z.number().int().min(0).describe('Number of entries that are remembered, at most 1000.'),
});

export const AUDIT_OPERATIONS = {
  listAudit: {
    method: 'get',
    path: '/audit',
    tag: 'server',
    scope: 'everything',
    summary: 'Who has changed what by the API, newest first',
    description:
      'The last thousand requests with a valid token that change something, also those that failed. They are forgotten with the process; the log has all of them (`api`).',
    query: pageSchema,
    answer: { status: 200, schema: auditListSchema },
    errors: [],
  },
} as const satisfies Record<string, Operation>;
