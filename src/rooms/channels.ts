/**
 * The channels of one room: teams, squads, calls. Each has lists of who may speak in it and who hears it. People are
 * listed by the identity of their token, even before they join, and guests by their participant id.
 */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../lib/errors.ts';
import { type ChannelSound, type ChannelSounds, PLAIN_CHANNEL, ROOM_CHANNEL } from '../media/plane.ts';
import { MAX_CHANNEL_MEMBERS, MAX_CHANNELS } from '../protocol/bounds.ts';
import { type Person, publicKeyOf } from './hearing.ts';
import { channelName, normalName } from './names.ts';

export interface Channel {
  readonly name: string;
  /** From 1; the media plane knows channels by their numbers. */
  readonly number: number;
  /** Anyone in the room may join and leave it: a team that people choose themselves. */
  readonly open: boolean;
  /** One of the teams that the room's settings name: whoever joins it leaves the others. */
  readonly isTeam: boolean;
  readonly speak: ReadonlySet<string>;
  readonly hear: ReadonlySet<string>;
  readonly sound: ChannelSound;
  /** Of the effect, for members with a strength of their own. */
  readonly strengths: ReadonlyMap<string, number>;
}

/** Everything about a channel that can be set. */
export interface ChannelSettings {
  readonly open: boolean;
  readonly speak: readonly string[];
  readonly hear: readonly string[];
  /** Heard unchanged without it. */
  readonly sound?: ChannelSound;
  readonly strengths?: ReadonlyMap<string, number>;
}

/** By the name of the channel and by person; null: no strength of their own any more. */
export type StrengthChanges = Readonly<Record<string, Readonly<Record<string, number | null>>>>;

interface MutableChannel extends Channel {
  open: boolean;
  isTeam: boolean;
  speak: Set<string>;
  hear: Set<string>;
  sound: ChannelSound;
  strengths: Map<string, number>;
}

/** Those that a room can have besides itself. */
const MAX_OTHERS = MAX_CHANNELS - 1;
const NO_STRENGTHS: ReadonlyMap<string, number> = new Map();

export class RoomChannels {
  /** By name, in the order in which they were created. */
  readonly #channels = new Map<string, MutableChannel>();
  /** See `reserveForShouts`. */
  #shouts: number | undefined;

  get all(): Iterable<Channel> {
    return this.#channels.values();
  }

  get count(): number {
    return this.#channels.size;
  }

  /**
   * Of the channels that sound different from the room itself.
   * @param seatOf returns the `Seat.id` of a person, if they have one
   */
  sounds(seatOf: (key: string) => number | undefined): ChannelSounds {
    const sounds = new Map<number, ChannelSound>();
    for (const { number, sound, strengths } of this.#channels.values()) {
      if (isDeepStrictEqual(sound, PLAIN_CHANNEL)) continue;
      const own = sound.effect === null ? [] : [...strengths];
      const seated = own.flatMap(([key, strength]) => {
        const seat = seatOf(key);
        return seat === undefined ? [] : [[seat, strength] as const];
      });
      sounds.set(number, seated.length > 0 ? { ...sound, strengths: new Map(seated) } : sound);
    }
    return sounds;
  }

  /** Whether this person has a strength of their own in any channel. */
  hasStrength(key: string): boolean {
    for (const { strengths } of this.#channels.values()) if (strengths.has(key)) return true;
    return false;
  }

  /** The number of the channel in which people shout to linked rooms. */
  get shoutChannel(): number | undefined {
    return this.#shouts;
  }

  /**
   * Takes the number of a channel without a name, in which people shout to linked rooms, or gives it back. Throws
   * `too_many_channels`.
   */
  reserveForShouts(isNeeded: boolean): void {
    if (!isNeeded) this.#shouts = undefined;
    else if (this.#shouts === undefined) {
      if (this.#channels.size >= MAX_OTHERS) throw new AppError('too_many_channels', 'Linked rooms need one more.');
      this.#shouts = this.#freeNumber();
    }
  }

  /** Throws `unknown_channel`. */
  get(name: string): Channel {
    return this.#find(name);
  }

  /** The channel with this exact name, if there is one. */
  known(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  /** Creates a channel or replaces its settings. Throws `invalid_channel` or `too_many_channels`. */
  put(
    wanted: string,
    { open, speak, hear, sound = PLAIN_CHANNEL, strengths = NO_STRENGTHS }: ChannelSettings,
  ): Channel {
    const name = channelName(wanted);
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      if (this.#channels.size >= this.#max) throw new AppError('too_many_channels');
      const members = { speak: new Set<string>(), hear: new Set<string>(), strengths: new Map<string, number>() };
      channel = { name, number: this.#freeNumber(), open, isTeam: false, ...members, sound };
      this.#channels.set(name, channel);
    }
    channel.open = open;
    channel.isTeam &&= open;
    channel.speak = new Set(speak);
    channel.hear = new Set(hear);
    channel.sound = sound;
    channel.strengths = new Map(strengths);
    return channel;
  }

  /**
   * Creates, replaces and, with null, deletes several channels: all, or none if one is wrong. Throws `invalid_channel`,
   * `invalid_request` or `too_many_channels`.
   */
  putAll(wanted: ReadonlyMap<string, ChannelSettings | null>): void {
    const known = new Set(this.#channels.keys());
    const named = new Map<string, ChannelSettings | null>();
    for (const [name, settings] of wanted) {
      const normal = channelName(name, `"channels.${name}" is not one.`);
      if (named.has(normal)) throw new AppError('invalid_request', `"channels.${name}": this channel occurs twice.`);
      named.set(normal, settings);
      if (settings === null) known.delete(normal);
      else known.add(normal);
    }
    if (known.size > this.#max) throw new AppError('too_many_channels');
    for (const [name, settings] of named) if (settings === null) this.#channels.delete(name);
    for (const [name, settings] of named) if (settings !== null) this.put(name, settings);
  }

  /** Who is not named keeps their strength. Throws `unknown_channel` or `invalid_request`; then nothing changes. */
  setStrengths(changes: StrengthChanges): void {
    const changed = new Map<MutableChannel, Map<string, number>>();
    for (const [name, people] of Object.entries(changes)) {
      const channel = this.#find(name, `"strengths.${name}" is not one.`);
      const strengths = changed.get(channel) ?? new Map(channel.strengths);
      for (const [key, strength] of Object.entries(people)) {
        if (strength === null) strengths.delete(key);
        else strengths.set(key, strength);
      }
      if (strengths.size > MAX_CHANNEL_MEMBERS)
        throw new AppError('invalid_request', `"strengths.${name}": at most ${MAX_CHANNEL_MEMBERS} people.`);
      changed.set(channel, strengths);
    }
    for (const [channel, strengths] of changed) channel.strengths = strengths;
  }

  get teams(): string[] {
    return [...this.#channels.values()].flatMap(({ name, isTeam }) => (isTeam ? name : []));
  }

  /**
   * From now on these are the teams. Those that were there before keep their members, and the others are gone. A channel
   * with the name of a team becomes that team. Throws `too_many_channels`; then nothing changes.
   * @param names as `teamNames` returns them
   * @param isLinkable the room is to be linked to others
   */
  setTeams(names: readonly string[], isLinkable = false): void {
    const gone = this.teams.filter((name) => !names.includes(name));
    const kept = new Set([...this.#channels.keys(), ...names].filter((name) => !gone.includes(name)));
    if (kept.size > (isLinkable ? MAX_OTHERS - 1 : this.#max)) throw new AppError('too_many_channels');
    for (const name of gone) this.#channels.delete(name);
    for (const name of names) {
      if (!this.#channels.has(name)) this.put(name, { open: true, speak: [], hear: [] });
      const team = this.#find(name);
      team.open = true;
      team.isTeam = true;
    }
  }

  /** Throws `unknown_channel`. */
  delete(name: string): void {
    this.#channels.delete(this.#find(name).name);
  }

  /**
   * Someone joins an open channel, to speak and hear; whoever joins a team leaves the others. Throws `unknown_channel`,
   * `not_allowed` or `channel_full`.
   */
  enter(person: Person, name: string): void {
    const channel = this.#find(name);
    if (!channel.open) throw new AppError('not_allowed', 'The channel is not open, so you cannot join it yourself.');
    if (channel.hear.size >= MAX_CHANNEL_MEMBERS && !channel.hear.has(publicKeyOf(person)))
      throw new AppError('channel_full');
    if (channel.isTeam)
      for (const other of this.#channels.values()) if (other.isTeam) leave(other, publicKeyOf(person));
    channel.speak.add(publicKeyOf(person));
    channel.hear.add(publicKeyOf(person));
  }

  /** Someone leaves an open channel. Throws `unknown_channel` or `not_allowed`. */
  exit(person: Person, name: string): void {
    const channel = this.#find(name);
    if (!channel.open) throw new AppError('not_allowed', 'The channel is not open, so you cannot leave it yourself.');
    leave(channel, publicKeyOf(person));
  }

  /** Call when a guest has left the room, because nobody comes back with that id. */
  forgetGuest(id: string): void {
    for (const channel of this.#channels.values()) {
      leave(channel, id);
      channel.strengths.delete(id);
    }
  }

  get #max(): number {
    return this.#shouts === undefined ? MAX_OTHERS : MAX_OTHERS - 1;
  }

  #find(name: string, detail?: string): MutableChannel {
    const channel = this.#channels.get(normalName(name) ?? '');
    if (channel === undefined) throw new AppError('unknown_channel', detail);
    return channel;
  }

  #freeNumber(): number {
    const taken = new Set(Array.from(this.#channels.values(), ({ number }) => number));
    let number = ROOM_CHANNEL + 1;
    while (taken.has(number) || number === this.#shouts) number++;
    return number;
  }
}

function leave({ speak, hear }: MutableChannel, key: string): void {
  speak.delete(key);
  hear.delete(key);
}
