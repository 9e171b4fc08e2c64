/**
 * What a game server sends about a room's space. The schemas validate requests to the API, and the OpenAPI document is
 * generated from them, so the descriptions are for its readers.
 */
import { z } from 'zod';
import { MAX_IDENTITY_LENGTH } from './bounds.ts';

/** Maximum number of entries in one request. */
export const MAX_ENTRIES = 1000;
/** Maximum number of layers that the players of one room use at a time. */
export const MAX_LAYERS = 31;
/** Maximum number of emitters in a room. */
export const MAX_EMITTERS = 32;
const MAX_NAME = 64;
/** Far beyond any world, and exact to a few centimetres in single precision. */
export const MAX_COORDINATE = 1_000_000;
const MAX_METRES = 10_000;
const MAX_DEGREES = 3600;

/** Named after engines: they differ in which way is up, which way is forward, and on which side x, y or z is. */
const axes = z.enum(['godot', 'unity', 'unreal', 'source']);
export type Axes = z.output<typeof axes>;

const name = () => z.string().min(1).max(MAX_NAME);
export const player = () => z.string().min(1).max(MAX_IDENTITY_LENGTH);
export const coordinate = () => z.number().min(-MAX_COORDINATE).max(MAX_COORDINATE);
export const degrees = () => z.number().min(-MAX_DEGREES).max(MAX_DEGREES);
const share = () => z.number().min(0).max(1);

export const spaceRulesSchema = z.strictObject({
  axes: axes
    .default('godot')
    .describe('The axes of positions: those of Godot and three.js (y up, -z forward), Unity, Unreal, or Source.'),
  metresPerUnit: z.number().min(0.0001).max(1000).default(1).describe('Unreal: 0.01; Source: 0.0254.'),
  curve: z
    .strictObject({
      model: z.enum(['inverse', 'linear', 'exponential']).default('inverse'),
      reference: z
        .number()
        .min(0.01)
        .max(MAX_METRES)
        .default(2)
        .describe('Up to this distance, a voice keeps its full loudness.'),
      rolloff: z.number().min(0).max(100).default(1),
    })
    .prefault({})
    .describe('How a voice fades with distance, in metres.'),
  ranges: z
    .record(name(), z.number().min(0.1).max(MAX_METRES))
    .default({ whisper: 4, normal: 20, shout: 50 })
    .describe('In metres: the distance at which a voice of this kind can no longer be heard.'),
  voices: z
    .number()
    .int()
    .min(1)
    .max(32)
    .default(8)
    .describe('Maximum number of voices that one listener hears in space.'),
  cone: z.boolean().default(false).describe('Whether voices are duller behind the talker.'),
  positions: z
    .enum(['server', 'tethered', 'client'])
    .default('server')
    .describe(
      'Who places players. `server`: only the game server. `tethered`: clients may also move their own ears, within `tether` of where the game server placed them. `client`: clients may also place themselves.',
    ),
  tether: z.number().min(0).max(MAX_METRES).default(10).describe('In metres, for `tethered`.'),
  turn: z
    .enum(['client', 'server'])
    .default('client')
    .describe(
      'Who turns the ears of players. `client`: their clients, which know the direction sooner than the game server.',
    ),
  whenGone: z
    .enum(['keep', 'mute', 'flat'])
    .default('keep')
    .describe(
      'What happens in space five seconds after the last control connection ended. `keep`: everybody stays where they were. `mute`: nobody is heard. `flat`: everybody hears everybody.',
    ),
});
export type SpaceRules = z.output<typeof spaceRulesSchema>;

const range = () =>
  z
    .union([name(), z.number().min(0.1).max(MAX_METRES)])
    .default('normal')
    .describe("The name of a range, or a distance in the game's units.");
const layers = () => z.array(name()).max(MAX_LAYERS).default([]);
const enclosure = () => name().nullable().default(null);
const muffle = () => share().default(0);

export const playerStateSchema = z.strictObject({
  range: range(),
  layers: layers().describe(
    `The layers that the player speaks in, such as \`alive\`. The players of a room may use ${MAX_LAYERS} layers at a time.`,
  ),
  hears: layers().describe('The layers that the player hears.'),
  enclosure: enclosure().describe('The house or vehicle that the player is in.'),
  muffle: muffle().describe(
    'How much this player and everybody else are muffled for each other, from 0 (not at all) to 1 (like a wall).',
  ),
  ears: player().nullable().default(null).describe('For spectators: the player whose ears they use.'),
});
export type PlayerState = z.output<typeof playerStateSchema>;

/** Who, x, y, z, yaw, pitch, and 1 for a jump. */
const position = z.union([
  z.tuple([player(), coordinate(), coordinate(), coordinate()]),
  z.tuple([player(), coordinate(), coordinate(), coordinate(), degrees()]),
  z.tuple([player(), coordinate(), coordinate(), coordinate(), degrees(), degrees()]),
  z.tuple([
    player(),
    coordinate(),
    coordinate(),
    coordinate(),
    degrees(),
    degrees(),
    z.union([z.literal(0), z.literal(1)]),
  ]),
]);

const emitterSchema = z.strictObject({
  position: z.tuple([coordinate(), coordinate(), coordinate()]).describe("In the game's axes and units."),
  from: z
    .union([z.strictObject({ channel: name() }), z.strictObject({ player: player() })])
    .describe('What is heard from it: a channel, with its effect, or the voice of one player.'),
  instead: z
    .boolean()
    .default(false)
    .describe('Whether these voices are heard only from here, and not from where their players stand.'),
  range: range(),
  layers: layers().describe('The layers that it is heard in.'),
  enclosure: enclosure().describe('The house or vehicle that it is in.'),
  muffle: muffle().describe('How much it is muffled for everybody, from 0 to 1.'),
});
export type EmitterState = z.output<typeof emitterSchema>;

/** `POST /rooms/{room}/space`. */
export const spaceUpdateSchema = z.strictObject({
  rules: spaceRulesSchema
    .nullable()
    .optional()
    .describe(
      'All rules of the space; omitted ones get their defaults. Null ends the space, and everybody hears everybody again.',
    ),
  players: z
    .record(player(), playerStateSchema.nullable())
    .refine((players) => Object.keys(players).length <= MAX_ENTRIES, `at most ${MAX_ENTRIES} players`)
    .default({})
    .describe(
      'Players by the `sub` of their join token, and guests by their participant id. An entry is the whole state of that player; null forgets it. You may send players before they join.',
    ),
  positions: z
    .array(position)
    .max(MAX_ENTRIES)
    .default([])
    .describe(
      'Player, x, y, z, and optionally yaw and pitch in degrees, and 1 for a jump. A yaw of 0 looks along the forward axis. Yaw grows clockwise, as seen from above.',
    ),
  emitters: z
    .record(name(), emitterSchema.nullable())
    .refine((emitters) => Object.keys(emitters).length <= 2 * MAX_EMITTERS, `at most ${2 * MAX_EMITTERS} emitters`)
    .default({})
    .describe(
      'Places from which channels or voices are heard, such as a radio on a table, by name. An entry is the whole state of that emitter; null removes it.',
    ),
  pairs: z
    .array(z.tuple([player(), player(), share()]))
    .max(MAX_ENTRIES)
    .default([])
    .describe('Talker, listener, and how much is between them: 0 nothing, 1 a wall.'),
});
export type SpaceUpdate = z.output<typeof spaceUpdateSchema>;
