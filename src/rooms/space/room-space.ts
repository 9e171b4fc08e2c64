/**
 * The bodies in a room's space: whose they are, where they are, and what was sent about them. They are known by the
 * identity of a join token, guests by their participant id, and may be placed before their owner joins. An entry for a
 * player replaces everything that was said about that player before, except the position.
 */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../lib/errors.ts';
import { type BodyFields, MAX_BODIES, type MediaRoom } from '../../media/plane.ts';
import {
  type EmitterState,
  MAX_LAYERS,
  type PlayerState,
  type SpaceRules,
  type SpaceUpdate,
} from '../../protocol/space.ts';
import type { SpaceView } from '../events.ts';
import { AudiblePairs, type Pair } from './audible-pairs.ts';
import { type Point, toMetres } from './axes.ts';
import { type Body, createBody, DEFAULT_STATE, type Person, type Placement, tethered } from './body.ts';
import { checkRange, type EmitterSources, Emitters, metresOf } from './emitters.ts';
import { NameNumbers } from './name-numbers.ts';

/** What a client says about its player, in the room's axes and units. */
export interface Pose {
  readonly position: Point;
  /** In degrees; if omitted, the direction stays as it is. */
  readonly yaw?: number | undefined;
}

/** What `whenGone` means for the mixer. */
const MODES = { keep: 'on', mute: 'muted', flat: 'flat' } as const;

export class RoomSpace {
  readonly #openMedia: () => MediaRoom;
  #fields: BodyFields | undefined;
  #rules: SpaceRules | null = null;
  readonly #bodies = new Map<string, Body>();
  readonly #people = new Map<string, Person>();
  readonly #freeSlots: number[] = [];
  readonly #numbers = new NameNumbers();
  readonly #audible = new AudiblePairs();
  /** Whose the positions of the last batch were: looking them up by name is a good part of its cost. */
  readonly #placed: (Body | undefined)[] = [];
  readonly #emitters = new Emitters();
  readonly #sources: EmitterSources;
  readonly #onRules: (view: SpaceView | null) => void;
  #slots = 0;
  #isGone = false;

  /**
   * @param openMedia opens the room in the media plane, if it is not open yet
   * @param channel see `EmitterSources`
   * @param onRules there are other rules for clients
   */
  constructor(
    openMedia: () => MediaRoom,
    channel: EmitterSources['channel'],
    onRules: (view: SpaceView | null) => void,
  ) {
    this.#openMedia = openMedia;
    this.#onRules = onRules;
    this.#sources = { channel, voice: (player) => this.#people.get(player)?.seatId ?? undefined };
  }

  /** Applies a request as a whole, or throws `AppError` `no_space`, `too_many_bodies` or `invalid_request`. */
  update({ rules, players, positions, emitters, pairs }: SpaceUpdate): void {
    const after = rules === undefined ? this.#rules : rules;
    const named = Object.keys(players).length + Object.keys(emitters).length;
    const says = named + positions.length + pairs.length > 0;
    if (says && after === null) throw new AppError('no_space');
    const placements = positions.map(([player, x, y, z, yaw = 0, pitch = 0, jump = 0]) => ({
      player,
      x,
      y,
      z,
      yaw,
      pitch,
      jump: jump === 1,
    }));
    const emittersAfter = this.#emitters.after(emitters, after);
    this.#check(players, placements, placements.length, after, emittersAfter.size);
    const layers = named > 0 ? this.#layersAfter(players, emittersAfter) : null;
    this.setGone(false);
    if (rules !== undefined) this.#openSpace(rules);
    this.#fields?.batch(() => {
      if (layers !== null) this.#numbers.keepLayers(layers);
      if (rules !== undefined) this.#rulesChanged();
      this.#setPlayers(players);
      for (const placement of placements) this.#place(this.#bodyOf(placement.player), placement);
      this.#setPairs(pairs);
      this.#setEmitters(emitters, rules !== undefined);
    });
  }

  /** What clients learn about the rules; null: there is no space. */
  get view(): SpaceView | null {
    if (this.#rules === null) return null;
    const { positions, tether, turn, axes, metresPerUnit } = this.#rules;
    return { positions, tether, turn, axes, metresPerUnit };
  }

  /** The same for somebody who enters. */
  get told(): { readonly space?: SpaceView } {
    const { view } = this;
    return view === null ? {} : { space: view };
  }

  /** The room's channels have changed. */
  channelsChanged(): void {
    if (this.#emitters.count > 0) this.#tellMedia();
  }

  /**
   * The same for the first `count` positions, many times a second.
   *
   * @param placements may be reused by the caller
   */
  place(placements: readonly Placement[], count: number): void {
    if (this.#rules === null) throw new AppError('no_space');
    const bodies = this.#placed;
    let isNew = false;
    for (let index = 0; index < count; index++) {
      const player = placements[index]?.player ?? '';
      const last = bodies[index];
      // Most game servers list the same players in each batch.
      if (last !== undefined && last.player === player && !last.isForgotten) continue;
      bodies[index] = this.#bodies.get(player);
      if (bodies[index] === undefined) isNew = true;
    }
    if (isNew) this.#check({}, placements, count, this.#rules);
    this.#fields?.batch(() => {
      for (let index = 0; index < count; index++) {
        const placement = placements[index];
        if (placement !== undefined) this.#place(bodies[index] ?? this.#bodyOf(placement.player), placement);
      }
    });
  }

  /** A client says which way its player looks, in degrees. It takes effect as soon as the rules allow it. */
  turn(player: string, yaw: number): void {
    this.#personOf(player).earsYaw = yaw;
    const body = this.#bodies.get(player);
    if (body?.isPlaced === true && this.#rules?.turn === 'client') this.#fields?.turn(body.slot, yaw);
  }

  /**
   * A client says where its player is, if the rules allow it. Throws `no_space`, `not_allowed`, `too_many_bodies`
   * or `invalid_request`.
   */
  pose(player: string, { position: [x, y, z], yaw }: Pose): void {
    const rules = this.#rules;
    if (rules === null) throw new AppError('no_space');
    if (rules.positions === 'server') throw new AppError('not_allowed', 'Only the game server places players here.');
    const body = this.#bodies.get(player);
    const person = this.#personOf(player);
    if (rules.positions === 'tethered') {
      if (body?.isPlaced !== true) throw new AppError('not_allowed', 'The game server has not placed you yet.');
      if (yaw !== undefined) person.earsYaw = yaw;
      person.ears = toMetres(rules.axes, rules.metresPerUnit, x, y, z);
      this.#show(body, rules, false);
      return;
    }
    const placement = { player, x, y, z, yaw: yaw ?? body?.yaw ?? 0, pitch: 0, jump: false };
    this.#check({}, [placement], 1, rules);
    if (yaw !== undefined) person.earsYaw = yaw;
    this.#fields?.batch(() => this.#place(body ?? this.#create(player, true), placement));
  }

  /** The participant has this seat. */
  seat(player: string, seatId: number): void {
    const person = this.#personOf(player);
    person.seatId = seatId;
    const body = this.#bodies.get(player);
    if (body !== undefined) this.#fields?.setVoice(body.slot, seatId);
    if (this.#emitters.count > 0) this.#tellMedia();
  }

  /** The participant has left, and what their client said is forgotten. */
  left(player: string): void {
    this.#people.delete(player);
    if (this.#emitters.count > 0) this.#tellMedia();
    const body = this.#bodies.get(player);
    if (body === undefined) return;
    body.person = null;
    if (body.isOwn) this.#forget(player);
    else {
      this.#fields?.setVoice(body.slot, null);
      if (body.isPlaced && this.#rules !== null) this.#show(body, this.#rules, false);
    }
  }

  /** The game server is gone, or is back. */
  setGone(isGone: boolean): void {
    if (isGone === this.#isGone) return;
    this.#isGone = isGone;
    this.#setMode();
  }

  /** Up to `max` pairs of players who are here, the first within earshot of the second. */
  audiblePairs(max: number): readonly Pair[] {
    return this.#rules === null ? [] : this.#audible.find(this.#bodies.values(), max);
  }

  #check(
    players: SpaceUpdate['players'],
    placements: readonly Placement[],
    count: number,
    rules: SpaceRules | null,
    emitters = this.#emitters.count,
  ): void {
    const states = new Map<string, PlayerState>();
    // Those who are known already were checked against the same rules.
    if (rules !== this.#rules) for (const [name, { state }] of this.#bodies) states.set(name, state);
    for (let index = 0; index < count; index++) {
      const name = placements[index]?.player ?? '';
      if (!this.#bodies.has(name)) states.set(name, DEFAULT_STATE);
    }
    for (const [name, state] of Object.entries(players)) {
      if (state === null) states.delete(name);
      else states.set(name, state);
    }
    if (rules !== null) for (const [name, { range }] of states) checkRange(`players.${name}`, range, rules);
    let bodies = this.#bodies.size + emitters;
    for (const name of states.keys()) if (!this.#bodies.has(name)) bodies++;
    if (bodies > MAX_BODIES) throw new AppError('too_many_bodies');
  }

  /** The layers that are in use after this change. Throws `invalid_request` if there are too many. */
  #layersAfter(players: SpaceUpdate['players'], emitters: ReadonlyMap<string, EmitterState>): Set<string> {
    const layers = new Set(Array.from(emitters.values(), (emitter) => emitter.layers).flat());
    for (const [name, { state }] of this.#bodies) {
      if (!Object.hasOwn(players, name)) for (const layer of layersOf(state)) layers.add(layer);
    }
    for (const [name, state] of Object.entries(players)) {
      for (const layer of state === null ? [] : layersOf(state)) layers.add(layer);
      if (layers.size > MAX_LAYERS) {
        throw new AppError(
          'invalid_request',
          `"players.${name}": the players of a room can use at most ${MAX_LAYERS} layers at a time.`,
        );
      }
    }
    return layers;
  }

  #openSpace(rules: SpaceRules | null): void {
    const before = this.view;
    this.#rules = rules;
    if (!isDeepStrictEqual(this.view, before)) this.#onRules(this.view);
    this.#fields ??= this.#openMedia().bodies;
    this.#tellMedia();
  }

  /** Tells the mixer the rules of distance, and what is heard from emitters. */
  #tellMedia(): void {
    const rules = this.#rules;
    const emitters = this.#emitters.list(this.#sources);
    const settings = rules && {
      curve: rules.curve,
      voices: rules.voices,
      cone: rules.cone,
      ...(emitters.length > 0 && { emitters }),
    };
    this.#openMedia().setSpace(settings);
  }

  #setEmitters(update: SpaceUpdate['emitters'], haveRulesChanged: boolean): void {
    const isChanged = Object.keys(update).length > 0;
    this.#emitters.set(update, { take: () => this.#takeSlot(), free: (slot) => this.#freeSlot(slot) });
    if (this.#rules === null || this.#fields === undefined || !(isChanged || haveRulesChanged)) return;
    this.#emitters.describe(this.#fields, this.#rules, this.#numbers);
    if (isChanged) this.#tellMedia();
  }

  #rulesChanged(): void {
    const rules = this.#rules;
    if (rules === null) return;
    this.#setMode();
    for (const body of this.#bodies.values()) {
      this.#describe(body);
      if (body.isPlaced) this.#show(body, rules, false);
    }
  }

  #setMode(): void {
    if (this.#rules !== null) this.#fields?.setMode(this.#isGone ? MODES[this.#rules.whenGone] : 'on');
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
      if (body !== undefined) this.#describe(body);
    }
  }

  /** Unknown players are ignored. */
  #setPairs(pairs: SpaceUpdate['pairs']): void {
    for (const [voice, ears, muffle] of pairs) {
      const [one, other] = [this.#bodies.get(voice), this.#bodies.get(ears)];
      if (one !== undefined && other !== undefined) this.#fields?.setPair(one.slot, other.slot, muffle);
    }
  }

  #personOf(player: string): Person {
    let person = this.#people.get(player);
    if (person === undefined) {
      person = { seatId: null, earsYaw: null, ears: null };
      this.#people.set(player, person);
      const body = this.#bodies.get(player);
      if (body !== undefined) body.person = person;
    }
    return person;
  }

  #bodyOf(player: string): Body {
    return this.#bodies.get(player) ?? this.#create(player, false);
  }

  #create(player: string, isOwn: boolean): Body {
    const slot = this.#takeSlot();
    const body = createBody(player, slot, this.#people.get(player) ?? null, isOwn);
    this.#bodies.set(player, body);
    this.#describe(body);
    return body;
  }

  #takeSlot(): number {
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    this.#fields?.clear(slot);
    return slot;
  }

  #freeSlot(slot: number): void {
    this.#fields?.clear(slot);
    this.#freeSlots.push(slot);
  }

  #forget(name: string): void {
    const body = this.#bodies.get(name);
    if (body === undefined) return;
    this.#bodies.delete(name);
    body.isForgotten = true;
    this.#freeSlot(body.slot);
  }

  #place(body: Body, { x, y, z, yaw, pitch, jump }: Placement): void {
    const rules = this.#rules;
    if (rules === null) return;
    toMetres(rules.axes, rules.metresPerUnit, x, y, z, body.at);
    body.yaw = yaw;
    body.pitch = pitch;
    this.#show(body, rules, jump);
    if (body.isPlaced) return;
    body.isPlaced = true;
    this.#describe(body);
  }

  /** Passes the position of a body and its ears to the mixer. */
  #show(body: Body, { positions, turn, tether }: SpaceRules, jump: boolean): void {
    const { slot, person, at, yaw, pitch } = body;
    const wanted = positions === 'tethered' ? (person?.ears ?? null) : null;
    body.ears = wanted === null ? at : tethered(wanted, at, tether);
    const earsYaw = turn === 'client' ? (person?.earsYaw ?? yaw) : yaw;
    this.#fields?.place(slot, { mouth: at, ears: body.ears, yaw, pitch, earsYaw, jump });
  }

  #describe(body: Body): void {
    const rules = this.#rules;
    if (rules === null) return;
    const { slot, person, isPlaced, state } = body;
    const { range, layers, hears, enclosure, muffle, ears } = state;
    body.range = metresOf(range, rules);
    body.layers = this.#numbers.layers(layers);
    body.hears = this.#numbers.layers(hears);
    this.#fields?.describe(slot, {
      voice: person?.seatId ?? null,
      isPlaced,
      range: body.range,
      layers: body.layers,
      hears: body.hears,
      enclosure: this.#numbers.enclosure(enclosure),
      muffle,
      earsOf: ears === null ? null : (this.#bodies.get(ears)?.slot ?? null),
    });
  }
}

function layersOf({ layers, hears }: PlayerState): readonly string[] {
  return [...layers, ...hears];
}
