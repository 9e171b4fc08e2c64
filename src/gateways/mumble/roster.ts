/**
 * Rooms and people as Mumble clients see them: channels and users with numbers. Once a second, and whenever something
 * happens to a Mumble user, it is read from the rooms anew, so nothing else has to report changes.
 */
import { createHmac } from 'node:crypto';
import type { AccessControl } from '../../rooms/access.ts';
import type { ParticipantView } from '../../rooms/events.ts';
import { roomKeyOrUndefined } from '../../rooms/names.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { Room } from '../../rooms/room.ts';
import { UniqueNames } from './shared/unique-names.ts';

export interface RosterOptions {
  readonly registry: RoomRegistry;
  readonly access: Pick<AccessControl, 'entryOf'>;
  /** The rooms that are shown; none: those that the operator keeps open and lists. */
  readonly rooms: readonly string[];
  readonly serverName: string;
}

export interface MumbleChannel {
  readonly id: number;
  readonly name: string;
  readonly position: number;
  /** 0: no limit. */
  readonly maxUsers: number;
  readonly description: string;
  readonly isEnterRestricted: boolean;
}

/** A user, in an object that is another one as soon as anything is different. */
export interface MumbleUser {
  readonly session: number;
  readonly name: string;
  readonly channelId: number;
  /** By a moderator. */
  readonly mute: boolean;
  /** May not speak here. */
  readonly suppress: boolean;
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
  /** What is said is being recorded by the operator. */
  readonly recording: boolean;
  /** The same for the same person each time; empty for guests. */
  readonly hash: string;
}

/** What one Mumble client knows of the server. */
export interface MumbleView {
  readonly channels: ReadonlyMap<number, MumbleChannel>;
  readonly users: ReadonlyMap<number, MumbleUser>;
}

/** A Mumble user, who is in a room or in none. */
export interface MumblePresence {
  readonly session: number;
  readonly name: string;
  readonly participant: Participant | null;
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
  readonly hash: string | null;
  /** They hear the mix of their room, as the voice of one more user. */
  readonly hearsMix: boolean;
  /** Something is played in their room, as the voice of one more user. */
  readonly hearsSounds: boolean;
}

/** A place in the list. */
interface ShownRoom {
  readonly channel: MumbleChannel;
  /** Undefined while nobody has opened it. */
  readonly room: Room | undefined;
  /** Anyone may enter, so anyone may see who is there. */
  readonly isPublic: boolean;
  /** Everybody sees the channel. */
  readonly isListed: boolean;
}

export const ROOT_CHANNEL = 0;
const MIX_NAME = 'Everybody (mixed)';
const SOUNDS_NAME = '♪ Sounds';

export class Roster {
  readonly #options: RosterOptions;
  readonly #root: MumbleChannel;
  readonly #configured: ReadonlyMap<string, string>;
  /** Session number by the participant's id. */
  readonly #numbers = new Map<string, number>();
  readonly #participants = new Map<number, string>();
  /** Channel number by the room's key. */
  readonly #channels = new Map<string, number>();
  readonly #presences = new Set<MumblePresence>();
  /** By the key of the room. */
  #shown: ReadonlyMap<string, ShownRoom> = new Map();
  #users: ReadonlyMap<number, MumbleUser> = new Map();
  /** For the hashes of people who have an identity. */
  readonly #secret: string;
  /** The user who says what is mixed, and the one who says what is played, by channel. */
  readonly #mixUsers = new Map<number, MumbleUser>();
  readonly #soundUsers = new Map<number, MumbleUser>();
  /** What users see who are in this room, and hear so, since anything has changed. */
  readonly #views = new Map<string, MumbleView>();
  #lastSession = 0;
  #lastChannel = ROOT_CHANNEL;

  constructor(options: RosterOptions, secret: string) {
    this.#options = options;
    this.#secret = secret;
    const root = { position: 0, maxUsers: 0, description: '', isEnterRestricted: false };
    this.#root = { id: ROOT_CHANNEL, name: options.serverName, ...root };
    this.#configured = new Map(
      options.rooms.flatMap((name) => {
        const key = roomKeyOrUndefined(name);
        return key === undefined ? [] : [[key, name] as const];
      }),
    );
  }

  /** Of the user who says what is mixed. */
  readonly mixSession = this.newSession();
  /** Of the user who says what is played. */
  readonly soundsSession = this.newSession();

  /** A number that nobody had before. */
  newSession(): number {
    return ++this.#lastSession;
  }

  /** People whom Mumble clients may see. */
  get size(): number {
    return this.#users.size;
  }

  add(presence: MumblePresence): void {
    this.#presences.add(presence);
  }

  delete(presence: MumblePresence): void {
    this.#presences.delete(presence);
  }

  /** The number of a participant; undefined if no Mumble client may see them. */
  sessionOf(participantId: string): number | undefined {
    return this.#numbers.get(participantId);
  }

  participantOf(session: number): string | undefined {
    return this.#participants.get(session);
  }

  /**
   * The name of the room of a channel that this user sees; undefined for the root and other channels. Numbers are easily
   * guessed, and whoever enters a room that is not listed must know its name.
   */
  roomOf(channelId: number, { participant }: Pick<MumblePresence, 'participant'>): string | undefined {
    for (const [key, { channel, room, isListed }] of this.#shown) {
      const isSeen = isListed || key === participant?.roomKey;
      if (isSeen && channel.id === channelId) return room?.name ?? this.#configured.get(key);
    }
    return undefined;
  }

  channelOf(roomKey: string): number {
    return this.#shown.get(roomKey)?.channel.id ?? ROOT_CHANNEL;
  }

  /**
   * What this user sees: everybody in their own room and in rooms that anyone may enter, and other Mumble users. It is the
   * same object for all who see the same, until anything of it changes.
   */
  viewFor({ session, participant, hearsMix, hearsSounds }: MumblePresence): MumbleView {
    const own = participant?.roomKey;
    const key = `${hearsMix ? 1 : 0}${hearsSounds ? 1 : 0}${own ?? ''}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      view = this.#viewOf(own, hearsMix, hearsSounds);
      this.#views.set(key, view);
    }
    const user = this.#users.get(session);
    // A client that is told that its own user has gone counts itself as removed.
    return user === undefined || view.users.has(session)
      ? view
      : { ...view, users: new Map(view.users).set(session, user) };
  }

  #viewOf(own: string | undefined, hearsMix: boolean, hearsSounds: boolean): MumbleView {
    const channels = new Map([[ROOT_CHANNEL, this.#root]]);
    const visible = new Set<number>([ROOT_CHANNEL]);
    for (const [key, { channel, isPublic, isListed }] of this.#shown) {
      if (!isListed && key !== own) continue;
      channels.set(channel.id, channel);
      if (isPublic || key === own) visible.add(channel.id);
    }
    const users = new Map<number, MumbleUser>();
    for (const user of this.#users.values()) if (visible.has(user.channelId)) users.set(user.session, user);
    if (own === undefined) return { channels, users };
    const channelId = this.channelOf(own);
    if (hearsMix) users.set(this.mixSession, madeUp(this.#mixUsers, this.mixSession, MIX_NAME, channelId));
    if (hearsSounds)
      users.set(this.soundsSession, madeUp(this.#soundUsers, this.soundsSession, SOUNDS_NAME, channelId));
    return { channels, users };
  }

  /** Reads the rooms. */
  refresh(): void {
    this.#readRooms();
    const byParticipant = new Map<string, MumblePresence>();
    for (const presence of this.#presences)
      if (presence.participant !== null) byParticipant.set(presence.participant.id, presence);
    const users = new Map<number, MumbleUser>();
    const everywhere = new UniqueNames();
    const seen = new Set<string>();
    const add = (user: MumbleUser, names: UniqueNames): void => {
      const before = this.#users.get(user.session);
      const named = { ...user, name: names.take(user.name) };
      users.set(user.session, before !== undefined && isSame(before, named) ? before : named);
    };
    for (const presence of this.#presences) if (presence.participant === null) add(this.#inRoot(presence), everywhere);
    // A number behind a name must not tell of somebody who is not shown.
    for (const isForAll of [true, false]) {
      for (const { room, channel, isPublic, isListed } of this.#shown.values()) {
        if (isForAll !== (isPublic && isListed)) continue;
        const names = isForAll ? everywhere : new UniqueNames(everywhere);
        for (const participant of room?.all ?? []) {
          seen.add(participant.id);
          add(this.#inRoom(participant, channel.id, byParticipant.get(participant.id)), names);
        }
      }
    }
    if (!isSameMap(users, this.#users)) this.#views.clear();
    this.#users = users;
    this.#forgetAllBut(seen);
  }

  #readRooms(): void {
    const { registry } = this.#options;
    // Those who are in one that goes on at another server see and hear each other until they are there.
    const open = new Map([...registry.rooms, ...registry.leaving].map((room) => [room.key, room] as const));
    const used = new Set<string>(this.#configured.keys());
    for (const [key, { permanent, info }] of open)
      if (this.#configured.size === 0 && permanent && info.listed) used.add(key);
    for (const { participant } of this.#presences) if (participant !== null) used.add(participant.roomKey);
    const shown = new Map<string, ShownRoom>();
    for (const key of used) shown.set(key, this.#show(key, open.get(key), shown.size));
    for (const [key, id] of this.#channels) {
      if (used.has(key)) continue;
      this.#channels.delete(key);
      this.#mixUsers.delete(id);
      this.#soundUsers.delete(id);
    }
    if (!isSameMap(shown, this.#shown)) this.#views.clear();
    this.#shown = shown;
  }

  #show(key: string, room: Room | undefined, position: number): ShownRoom {
    const name = room?.name ?? this.#configured.get(key) ?? key;
    const info = room?.info;
    const isPublic = (info === undefined || !info.locked) && this.#options.access.entryOf(key) === 'open';
    const isKept = info?.permanent === true && info.listed;
    const before = this.#shown.get(key);
    const channel: MumbleChannel = {
      id: this.#channelId(key),
      name: name.replaceAll('/', ' / '),
      position,
      maxUsers: info?.maxParticipants ?? 0,
      description: info?.description ?? '',
      isEnterRestricted: !isPublic,
    };
    const now: ShownRoom = {
      channel: before !== undefined && isSame(before.channel, channel) ? before.channel : channel,
      room,
      isPublic,
      isListed: this.#configured.size > 0 ? this.#configured.has(key) : isKept,
    };
    return before !== undefined && isSame(before, now) ? before : now;
  }

  /** A number is never used for another room. */
  #channelId(key: string): number {
    const id = this.#channels.get(key) ?? ++this.#lastChannel;
    this.#channels.set(key, id);
    return id;
  }

  #inRoot({ session, name, selfMute, selfDeaf, hash }: MumblePresence): MumbleUser {
    const flags = { mute: false, suppress: true, selfMute, selfDeaf, recording: false };
    return { session, name, channelId: ROOT_CHANNEL, ...flags, hash: hash ?? '' };
  }

  #inRoom(participant: Participant, channelId: number, presence: MumblePresence | undefined): MumbleUser {
    const { id, view } = participant;
    const session = this.#numberOf(id, presence?.session);
    const { mutedByModerator: mute, maySpeak, captured: recording } = view;
    return {
      session,
      name: nameOf(view),
      channelId,
      mute,
      suppress: !maySpeak,
      recording,
      selfMute: presence?.selfMute ?? (view.microphone !== 'open' && !mute),
      selfDeaf: presence?.selfDeaf ?? view.deafened,
      hash: presence?.hash ?? this.#hashOf(view),
    };
  }

  #numberOf(id: string, wanted: number | undefined): number {
    const known = this.#numbers.get(id);
    if (known !== undefined && (wanted === undefined || known === wanted)) return known;
    if (known !== undefined) this.#participants.delete(known);
    const number = wanted ?? this.newSession();
    this.#numbers.set(id, number);
    this.#participants.set(number, id);
    return number;
  }

  #forgetAllBut(seen: ReadonlySet<string>): void {
    for (const [id, number] of this.#numbers) {
      if (seen.has(id)) continue;
      this.#numbers.delete(id);
      if (this.#participants.get(number) === id) this.#participants.delete(number);
    }
  }

  /** So that a Mumble client remembers what its user has set for a person, without learning the identity. */
  #hashOf({ identity }: ParticipantView): string {
    return identity === null ? '' : createHmac('sha1', this.#secret).update(identity).digest('hex');
  }
}

/** A user who is nobody, always as the same object. */
function madeUp(known: Map<number, MumbleUser>, session: number, name: string, channelId: number): MumbleUser {
  const state = { mute: false, suppress: false, selfMute: false, selfDeaf: true, recording: false, hash: '' };
  const user = known.get(channelId) ?? { session, name, channelId, ...state };
  known.set(channelId, user);
  return user;
}

function nameOf({ name, role }: ParticipantView): string {
  return role === 'music' ? `♪ ${name}` : name;
}

function isSame<T extends object>(a: T, b: T): boolean {
  return (Object.keys(b) as (keyof T)[]).every((key) => a[key] === b[key]);
}

function isSameMap<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
