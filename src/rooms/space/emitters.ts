/** The emitters in a room's space, by name. */
import { AppError } from '../../lib/errors.ts';
import type { BodyFields, Emitter } from '../../media/plane.ts';
import { type EmitterState, MAX_EMITTERS, type SpaceRules, type SpaceUpdate } from '../../protocol/space.ts';
import { toMetres } from './axes.ts';
import type { NameNumbers } from './name-numbers.ts';

interface Placed {
  readonly slot: number;
  state: EmitterState;
}

/** What emitters need from the room. */
export interface EmitterSources {
  /** The number of the channel with this name, if there is one. */
  channel(name: string): number | undefined;
  /** The voice of this player, if they are here. */
  voice(player: string): number | undefined;
}

/** Where the bodies of emitters are kept. */
export interface Slots {
  take(): number;
  free(slot: number): void;
}

export class Emitters {
  readonly #placed = new Map<string, Placed>();

  get count(): number {
    return this.#placed.size;
  }

  /** Those that there are after an update. Throws `invalid_request`, which names the wrong entry. */
  after(update: SpaceUpdate['emitters'], rules: SpaceRules | null): ReadonlyMap<string, EmitterState> {
    const states = new Map(Array.from(this.#placed, ([name, { state }]) => [name, state]));
    for (const [name, state] of Object.entries(update)) {
      if (state === null) states.delete(name);
      else states.set(name, state);
    }
    if (states.size > MAX_EMITTERS)
      throw new AppError('invalid_request', `"emitters": a room may have at most ${MAX_EMITTERS} emitters.`);
    if (rules !== null) for (const [name, { range }] of states) checkRange(`emitters.${name}`, range, rules);
    return states;
  }

  set(update: SpaceUpdate['emitters'], slots: Slots): void {
    for (const [name, state] of Object.entries(update)) {
      const known = this.#placed.get(name);
      if (state === null) {
        this.#placed.delete(name);
        if (known !== undefined) slots.free(known.slot);
      } else if (known === undefined) this.#placed.set(name, { slot: slots.take(), state });
      else known.state = state;
    }
  }

  /** Writes where they are. */
  describe(fields: BodyFields, rules: SpaceRules, numbers: NameNumbers): void {
    for (const { slot, state } of this.#placed.values()) {
      const { position, range, layers, enclosure, muffle } = state;
      const at = toMetres(rules.axes, rules.metresPerUnit, ...position);
      fields.describe(slot, {
        voice: null,
        isPlaced: true,
        hears: 0,
        earsOf: null,
        muffle,
        range: metresOf(range, rules),
        layers: numbers.layers(layers),
        enclosure: numbers.enclosure(enclosure),
      });
      fields.place(slot, { mouth: at, ears: at, yaw: 0, pitch: 0, earsYaw: 0, jump: false });
    }
  }

  /** What the mixer hears from them; those without a source are left out. */
  list({ channel, voice }: EmitterSources): readonly Emitter[] {
    return Array.from(this.#placed.values()).flatMap(({ slot, state: { from, instead } }) => {
      const source =
        'channel' in from
          ? { channel: channel(from.channel) ?? null, voice: null }
          : { channel: null, voice: voice(from.player) ?? null };
      return source.channel === null && source.voice === null ? [] : [{ slot, instead, ...source }];
    });
  }
}

/** Throws `invalid_request`. */
export function checkRange(entry: string, range: EmitterState['range'], { ranges }: SpaceRules): void {
  if (typeof range === 'number' || Object.hasOwn(ranges, range)) return;
  throw new AppError('invalid_request', `"${entry}.range": there is no range "${range}".`);
}

/** In metres. */
export function metresOf(range: EmitterState['range'], { metresPerUnit, ranges }: SpaceRules): number {
  return typeof range === 'number' ? range * metresPerUnit : (ranges[range] ?? 0);
}
