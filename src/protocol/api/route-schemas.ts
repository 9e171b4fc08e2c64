/** The data of the REST API about routes, in both directions. */
import { z } from 'zod';
import { MAX_NAME_LENGTH } from '../bounds.ts';

const MIN_GAIN_DB = -60;
const MAX_GAIN_DB = 20;

const direction = () =>
  z.enum(['there', 'both']).describe('`there`: the other room hears this one. `both`: they hear each other.');

/** `POST /rooms/{room}/routes` */
export const newRouteSchema = z.strictObject({
  to: z.string().min(1).max(MAX_NAME_LENGTH).describe('The other room, which must be open.'),
  direction: direction().default('there'),
  gainDb: z.number().min(MIN_GAIN_DB).max(MAX_GAIN_DB).default(0).describe('The volume of the other room.'),
});

export const routeSchema = z.strictObject({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  direction: direction(),
  gainDb: z.number(),
  state: z.enum(['connected', 'failed']).describe('`failed`: it is tried again every second.'),
  since: z.string().meta({ format: 'date-time' }),
});

export const routeListSchema = z.strictObject({
  routes: z.array(routeSchema),
  total: z.number().min(0),
});
