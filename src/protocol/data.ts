/** Messages between programs, as they come in. */
import { z } from 'zod';
import { MAX_DATA_BYTES, MAX_DATA_RECEIVERS, MAX_IDENTITY_LENGTH, MAX_TOPIC_LENGTH } from './bounds.ts';

/** Bytes as base64 (RFC 4648 section 4), with padding. */
export const base64 = (maxBytes: number) => z.base64().max(Math.ceil(maxBytes / 3) * 4);

/** `POST /rooms/{room}/data`. */
export const newDataSchema = z.strictObject({
  topic: z.string().min(1).max(MAX_TOPIC_LENGTH).describe('What it is about. Programs listen to topics.'),
  payload: z
    .unknown()
    .optional()
    .describe(`Any JSON, at most ${MAX_DATA_BYTES} bytes. There must be either \`payload\` or \`bytes\`.`),
  bytes: base64(MAX_DATA_BYTES).optional().describe(`At most ${MAX_DATA_BYTES} bytes, as base64.`),
  to: z
    .array(z.string().min(1).max(MAX_IDENTITY_LENGTH))
    .max(MAX_DATA_RECEIVERS)
    .optional()
    .describe('To whom: identities of join tokens, or participant ids for guests. Omitted: to everyone in the room.'),
  reliable: z
    .boolean()
    .default(true)
    .describe('False: it is left out rather than late, for those whose connection is behind.'),
});

export const sentDataSchema = z.strictObject({
  receivers: z.number().int().min(0).describe('To how many participants it went.'),
});
