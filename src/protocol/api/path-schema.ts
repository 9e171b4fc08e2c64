import { z } from 'zod';
import { MAX_IDENTITY_LENGTH, MAX_NAME_LENGTH, MAX_PARTICIPANT_ID_LENGTH } from '../bounds.ts';

/** Path parameters of operations. */
export const pathSchema = z.strictObject({
  room: z.string().max(MAX_NAME_LENGTH).default('').describe('The name of a room, percent-encoded.'),
  participant: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a participant.'),
  listener: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a listener.'),
  identity: z
    .string()
    .max(MAX_IDENTITY_LENGTH)
    .default('')
    .describe('The claim `sub` of a join token, percent-encoded.'),
  ban: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a ban.'),
  channel: z.string().max(MAX_NAME_LENGTH).default('').describe('The name of a channel, percent-encoded.'),
  route: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a route.'),
  stream: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of an input or output by RTP.'),
  forward: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a forward.'),
  recording: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a recording.'),
  node: z.string().max(64).default('').describe('The name of a server of the cluster.'),
  player: z.string().max(MAX_PARTICIPANT_ID_LENGTH).default('').describe('The id of a player.'),
  file: z.string().max(MAX_NAME_LENGTH).default('').describe('The name of a file, percent-encoded.'),
});

export type PathParameters = z.output<typeof pathSchema>;
