/** The data of the REST API about forwards, in both directions. */
import { z } from 'zod';

const MAX_URL_LENGTH = 500;
const MAX_CREDENTIAL_LENGTH = 200;
const MAX_TEXT_LENGTH = 200;

const count = () => z.number().min(0);
const time = () => z.string().meta({ format: 'date-time' });
/** What fits a header of HTTP. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^\P{Cc}*$/u);

/** `POST /rooms/{room}/forwards` */
export const newForwardSchema = z.strictObject({
  kind: z.literal('icecast'),
  url: z
    .url({ protocol: /^https?$/, hostname: /./ })
    .max(MAX_URL_LENGTH)
    .describe('Server and mount, such as `http://icecast.example.org:8000/lobby.opus`.'),
  user: text(MAX_CREDENTIAL_LENGTH)
    .regex(/^[^:]*$/)
    .default('source'),
  password: text(MAX_CREDENTIAL_LENGTH).describe('Never shown again.'),
  name: text(MAX_TEXT_LENGTH).optional().describe('What listeners see; omitted: the name of the room.'),
  description: text(MAX_TEXT_LENGTH).default(''),
  public: z.boolean().default(false).describe('Whether the server may put it into directories.'),
});

/** Stable, for programs. */
export const forwardErrorCode = z.enum([
  'wrong_password',
  'mount_in_use',
  'refused',
  'unreachable',
  'no_answer',
  'too_slow',
  'closed',
]);

export const forwardSchema = z.strictObject({
  id: z.string(),
  kind: z.literal('icecast'),
  room: z.string(),
  url: z.string(),
  user: z.string(),
  name: z.string(),
  state: z.enum(['connecting', 'connected', 'failed']).describe('`failed`: it tries again at `retryAt`.'),
  since: time().describe('Of the state.'),
  retryAt: time().nullable(),
  error: z
    .strictObject({
      code: forwardErrorCode.describe(
        '`wrong_password`: 401. `mount_in_use`: 403. `refused`: another answer than 200. `no_answer`: none within 10 s. `too_slow`: it reads nothing any more. `closed`: it has ended the connection.',
      ),
      message: z.string(),
    })
    .nullable()
    .describe('Why it is not connected, or was not before.'),
  failures: count().describe('Attempts that failed and connections that broke.'),
  bytesSent: count(),
});

export const forwardListSchema = z.strictObject({
  forwards: z.array(forwardSchema),
  total: count().describe('Number of matches, including those beyond this page.'),
});
