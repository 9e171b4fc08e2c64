/** The data of the REST API about players, in both directions. */
import { z } from 'zod';

const MAX_FILE_LENGTH = 256;
const MIN_GAIN_DB = -60;
const MAX_GAIN_DB = 20;
const MAX_DUCK_DB = 60;

/** `POST /rooms/{room}/players` */
export const newPlayerSchema = z.strictObject({
  file: z.string().min(1).max(MAX_FILE_LENGTH).describe('The name of a file in the directory of the players.'),
  loop: z.boolean().default(false).describe('It begins again at its end, until it is stopped.'),
  gainDb: z.number().min(MIN_GAIN_DB).max(MAX_GAIN_DB).default(0).describe('Its volume; 0 is that of the file.'),
  duckDb: z
    .number()
    .min(0)
    .max(MAX_DUCK_DB)
    .default(0)
    .describe('It is turned down by so much while somebody speaks; 0 for announcements, 12 for music.'),
});

export const playerSchema = z.strictObject({
  id: z.string(),
  room: z.string(),
  file: z.string(),
  loop: z.boolean(),
  gainDb: z.number(),
  duckDb: z.number(),
  startedAt: z.string().meta({ format: 'date-time' }),
  playedMs: z.number().min(0).describe('How much has been played, over all rounds of a loop.'),
});

export const playerListSchema = z.strictObject({ players: z.array(playerSchema), total: z.number().min(0) });

export const soundListSchema = z.strictObject({
  sounds: z.array(z.string()).describe('Names of files, in alphabetical order.'),
  total: z.number().min(0),
});
