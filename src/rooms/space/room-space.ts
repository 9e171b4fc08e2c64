/**
 * The bodies in a room's space: who they belong to, where they are, and what is told about them. They are known by the
 * identity of a join token, guests by their participant id, and may be placed before their owner joins. An entry for a
 * player replaces everything that was said about that player before, except the position.
 */
import { AppError } from '../../lib/errors.ts';
import { type BodyFields, MAX_BODIES, type MediaRoom } from '../../media/plane.ts';
import type { PlayerState, SpaceRules, SpaceUpdate } from '../../protocol/space.ts';
import { type Point, toMetres } from './axes.ts';

/** Where somebody is, in the room's axes and units. */
interface Position {
  readonly at: Point;
  /** In degrees, clockwise from above. */
  readonly yaw: number;
  /** In degrees, up. */
  readonly pitch: number;
  /** They were moved there at once: nothing glides. */
  readonly jump: boolean;
}

interface Body {
  readonly slot: number;
  state: PlayerState;
  seatId: number | null;
  isPlaced: boolean;
}

/** The layer of those who are in no other. */
const EVERYWHERE = 1;
const MAX_LAYERS = 31;
const MAX_ENCLOSURES = 60_000;

const DEFAULT_STATE: PlayerState = { range: 'normal', layers: [], hears: [], enclosure: null, muffle: 0, ears: null };

export class RoomSpace {
  readonly #openMedia: () => MediaRoom;
  #fields: BodyFields | undefined;
  #rules: SpaceRules | null = null;
  readonly #bodies = new Map<string, Body>();
  readonly #seats = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  /** By name; bit 0 is the layer of those who are in none. */
  readonly #layers = new Map<string, number>();
  readonly #enclosures = new Map<string, number>();
  #slots = 0;

  /** @param openMedia opens the room in the media plane, if it is not open yet */
  constructor(openMedia: () => MediaRoom) {
    this.#openMedia = openMedia;
  }

  /** Applies a request as a whole, or throws `AppError` `no_space`, `too_many_bodies` or `invalid_request`. */
  update({ rules, players, positions, pairs }: SpaceUpdate): void {
    const before = this.#rules;
    const after = rules === undefined ? before : rules;
    const says = Object.keys(players).length + positions.length + pairs.length > 0;
    if (says && after === null) throw new AppError('no_space');
    this.#check(players, positions, after);
    if (rules !== undefined) this.#setRules(rules);
    this.#setPlayers(players);
    for (const entry of positions) {
      const [player, x, y, z, yaw = 0, pitch = 0, jump = 0] = entry;
      this.#place(this.#bodyOf(player), { at: [x, y, z], yaw, pitch, jump: jump === 1 });
    }
    this.#setPairs(pairs);
  }

  #check(players: SpaceUpdate['players'], positions: SpaceUpdate['positions'], rules: SpaceRules | null): void {
    const states = new Map<string, PlayerState>();
    // Those who are known already were checked against the same rules.
    if (rules !== this.#rules) for (const [name, { state }] of this.#bodies) states.set(name, state);
    for (const [name] of positions) if (!this.#bodies.has(name)) states.set(name, DEFAULT_STATE);
    for (const [name, state] of Object.entries(players)) {
      if (state === null) states.delete(name);
      else states.set(name, state);
    }
    if (rules !== null) for (const [name, { range }] of states) checkRange(name, range, rules);
    let bodies = this.#bodies.size;
    for (const name of states.keys()) if (!this.#bodies.has(name)) bodies++;
    if (bodies > MAX_BODIES) throw new AppError('too_many_bodies');
  }

  #setRules(rules: SpaceRules | null): void {
    this.#rules = rules;
    const media = this.#openMedia();
    this.#fields ??= media.bodies;
    if (rules !== null) for (const body of this.#bodies.values()) this.#write(body);
    media.setSpace(rules === null ? null : { curve: rules.curve, voices: rules.voices, cone: rules.cone });
  }

  #setPlayers(players: SpaceUpdate['players']): void {
    const entries = Object.entries(players);
    for (const [name, state] of entries) {
      if (state === null) this.#forget(name);
      else this.#bodyOf(name).state = state;
    }
    // All of them exist now, so that any can have the ears of any other.
    for (const [name] of entries) {
      const body = this.#bodies.get(name);
      if (body !== undefined) this.#write(body);
    }
  }

  /** Unknown players are ignored. */
  #setPairs(pairs: SpaceUpdate['pairs']): void {
    for (const [voice, ears, muffle] of pairs) {
      const [one, other] = [this.#bodies.get(voice), this.#bodies.get(ears)];
      if (one !== undefined && other !== undefined) this.#fields?.setPair(one.slot, other.slot, muffle);
    }
  }

  /** The participant has this seat, or none. */
  seat(player: string, seatId: number | null): void {
    if (seatId === null) this.#seats.delete(player);
    else this.#seats.set(player, seatId);
    const body = this.#bodies.get(player);
    if (body === undefined) return;
    body.seatId = seatId;
    this.#fields?.setVoice(body.slot, seatId);
  }

  isPlaced(player: string): boolean {
    return this.#rules !== null && this.#bodies.get(player)?.isPlaced === true;
  }

  #bodyOf(name: string): Body {
    let body = this.#bodies.get(name);
    if (body === undefined) {
      const slot = this.#freeSlots.pop() ?? this.#slots++;
      const seatId = this.#seats.get(name) ?? null;
      body = { slot, state: DEFAULT_STATE, seatId, isPlaced: false };
      this.#bodies.set(name, body);
      this.#fields?.clear(slot);
      this.#write(body);
    }
    return body;
  }

  #forget(name: string): void {
    const body = this.#bodies.get(name);
    if (body === undefined) return;
    this.#bodies.delete(name);
    this.#fields?.clear(body.slot);
    this.#freeSlots.push(body.slot);
  }

  #place(body: Body, { at, yaw, pitch, jump }: Position): void {
    if (this.#rules === null) return;
    const { axes, metresPerUnit } = this.#rules;
    this.#fields?.place(body.slot, { mouth: toMetres(axes, metresPerUnit, at), yaw, pitch, earsYaw: yaw, jump });
    if (body.isPlaced) return;
    body.isPlaced = true;
    this.#write(body);
  }

  #write({ slot, state, seatId, isPlaced }: Body): void {
    const rules = this.#rules;
    if (rules === null) return;
    const { range, layers, hears, enclosure, muffle, ears } = state;
    this.#fields?.describe(slot, {
      voice: seatId,
      isPlaced,
      range: typeof range === 'number' ? range * rules.metresPerUnit : (rules.ranges[range] ?? 0),
      layers: this.#layersOf(layers),
      hears: this.#layersOf(hears),
      enclosure: enclosure === null ? 0 : numberOf(this.#enclosures, enclosure, MAX_ENCLOSURES),
      muffle,
      earsOf: ears === null ? null : (this.#bodies.get(ears)?.slot ?? null),
    });
  }

  #layersOf(names: readonly string[]): number {
    if (names.length === 0) return EVERYWHERE;
    return names.reduce((bits, name) => bits | (1 << numberOf(this.#layers, name, MAX_LAYERS)), 0);
  }
}

/** Throws `invalid_request`. */
function checkRange(player: string, range: PlayerState['range'], { ranges }: SpaceRules): void {
  if (typeof range === 'number' || Object.hasOwn(ranges, range)) return;
  throw new AppError('invalid_request', `"players.${player}.range": there is no range "${range}".`);
}

/** The number of a name, from 1 on; names beyond the limit share the last number. */
function numberOf(numbers: Map<string, number>, name: string, max: number): number {
  const known = numbers.get(name);
  if (known !== undefined) return known;
  if (numbers.size >= max) return max;
  numbers.set(name, numbers.size + 1);
  return numbers.size;
}
