/** Channels of a room in the REST API, and on the control connection of game servers. See `schemas.ts`. */
import { z } from 'zod';
import { MAX_CHANNEL_MEMBERS, MAX_GAIN, MAX_IDENTITY_LENGTH, MAX_NAME_LENGTH } from '../bounds.ts';

const name = () => z.string().min(1).max(MAX_NAME_LENGTH);
/** A person by the `sub` of their join token; a guest by their participant id. */
const person = () => z.string().min(1).max(MAX_IDENTITY_LENGTH);
const people = () => z.array(person()).max(MAX_CHANNEL_MEMBERS);
/** Of the effect of a channel. */
export const strength = () => z.number().min(0).max(1);

const CHANNEL_EFFECTS = ['radio', 'phone'] as const;

/** `POST /rooms/{room}/channels`. */
export const newChannelSchema = z.strictObject({
  name: name().describe('1 to 64 letters, digits, "-", "_" or ".".'),
  open: z
    .boolean()
    .default(false)
    .describe('Whether anyone in the room may join and leave it, like a team that people choose.'),
  speak: people()
    .default([])
    .describe('Who may speak in it: identities of join tokens, or participant ids for guests.'),
  hear: people().default([]).describe('Who hears it, in the same form.'),
  gain: z
    .number()
    .min(0)
    .max(MAX_GAIN)
    .default(1)
    .describe('How loud the channel is for everyone who hears it: 1 is unchanged, 0.5 is 6 dB quieter, 0 is silence.'),
  effect: z.enum(CHANNEL_EFFECTS).nullable().default(null).describe('What voices in it sound like.'),
  strength: strength().default(1).describe('How strong the effect is, from 0 (none) to 1 (full).'),
  strengths: z
    .record(person(), strength())
    .refine(
      (strengths) => Object.keys(strengths).length <= MAX_CHANNEL_MEMBERS,
      `at most ${MAX_CHANNEL_MEMBERS} people`,
    )
    .default({})
    .describe(
      'The strength of single people, for what they say and for what they hear, like a radio that is far away. If speaker and listener both have one, the greater counts.',
    ),
  pan: z
    .number()
    .min(-1)
    .max(1)
    .default(0)
    .describe('The direction for listeners whose client plays stereo: -1 is left, 0 the middle, 1 right.'),
  duckDb: z
    .number()
    .min(0)
    .max(40)
    .default(0)
    .describe('While somebody speaks in it, its listeners hear everything else this many dB quieter. 0: no priority.'),
});

export const channelSchema = z.strictObject({
  name: z.string(),
  open: z.boolean(),
  speak: z.array(z.string()),
  hear: z.array(z.string()),
  gain: z.number(),
  effect: z.enum(CHANNEL_EFFECTS).nullable(),
  strength: z.number(),
  strengths: z.record(z.string(), z.number()),
  pan: z.number(),
  duckDb: z.number(),
});

export const channelListSchema = z.strictObject({ channels: z.array(channelSchema), total: z.number().int().min(0) });
