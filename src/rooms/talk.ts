/**
 * To whom each participant of a room speaks, and what they hear of it: everyone in the room, channels, or single people
 * (a whisper). A participant who never chose speaks to everyone.
 */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { ROOM_CHANNEL, type VoicePlan } from '../media/plane.ts';
import type { Channel, RoomChannels } from './channels.ts';
import type { ChannelView, RoomEvent, TalkView } from './events.ts';
import { publicKeyOf } from './hearing.ts';
import type { Participant } from './participant.ts';

/** To whom someone speaks. Everything else is silent for them. */
export interface TalkTarget {
  /** Everyone who hears the room. */
  readonly room: boolean;
  /** Names of channels. */
  readonly channels: readonly string[];
  /** Ids of participants to whom they whisper. */
  readonly to: readonly string[];
  /** Everyone in this room and in the rooms linked to it. */
  readonly shout?: boolean;
}

const TO_ROOM: TalkTarget = { room: true, channels: [], to: [] };
/** The shortest time between two notices about the same speaker; the sound itself never waits. */
const NOTICE_MS: Millis = 250;

interface Talker {
  target: TalkTarget;
  /** What listeners last received about this talker, by their id, as JSON; anyone missing received nothing. */
  readonly told: Map<string, string>;
  toldMs: Millis;
  cancel: Cancel;
}

export interface RoomTalkOptions {
  readonly channels: RoomChannels;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly mayWhisper: () => boolean;
  /** The channel in which people shout, while the room is linked to others. */
  readonly shoutChannel: () => number | undefined;
  readonly clock: Clock;
}

export class RoomTalk {
  readonly #options: RoomTalkOptions;
  /** Participants who have chosen whom they speak to, by id. */
  readonly #talkers = new Map<string, Talker>();

  constructor(options: RoomTalkOptions) {
    this.#options = options;
  }

  /**
   * Takes effect at once. Throws `unknown_channel`, `unknown_participant`, `not_allowed` or `not_linked`; then nothing
   * changes.
   */
  set(talker: Participant, { room, channels, to, shout = false }: TalkTarget): void {
    const { participants, mayWhisper, shoutChannel } = this.#options;
    const names = channels.map((name) => {
      const channel = this.#options.channels.get(name);
      if (!channel.speak.has(publicKeyOf(talker)))
        throw new AppError('not_allowed', 'You may not speak in this channel.');
      return channel.name;
    });
    if (to.length > 0 && !mayWhisper()) throw new AppError('not_allowed', 'Whispering is off in this room.');
    if (shout && !talker.mayShout) throw new AppError('not_allowed', 'You may not speak to linked rooms.');
    if (shout && shoutChannel() === undefined) throw new AppError('not_linked');
    for (const id of to) {
      if (id === talker.id || !participants.has(id)) throw new AppError('unknown_participant');
    }
    const known = this.#talkers.get(talker.id);
    const target = { room: room || shout, channels: [...new Set(names)], to: [...new Set(to)], shout };
    if (known !== undefined) known.target = target;
    else this.#talkers.set(talker.id, { target, told: new Map(), toldMs: Number.NEGATIVE_INFINITY, cancel: () => {} });
    this.apply(talker);
    this.#tellSoon(talker);
  }

  /** The participant's choice, without what is gone or no longer allowed. */
  targetOf(talker: Participant): TalkTarget {
    const { target } = this.#talkers.get(talker.id) ?? { target: TO_ROOM };
    const { participants, mayWhisper, shoutChannel } = this.#options;
    return {
      room: target.room,
      shout: target.shout === true && shoutChannel() !== undefined,
      channels: target.channels.filter((name) => this.#channelOf(name)?.speak.has(publicKeyOf(talker))),
      to: mayWhisper() ? target.to.filter((id) => participants.has(id)) : [],
    };
  }

  /** Passes the participant's channels and target on to the media. */
  apply(participant: Participant): void {
    const { participants, shoutChannel } = this.#options;
    const { room, channels, to, shout } = this.targetOf(participant);
    const shouts = shoutChannel() ?? [];
    const whispersTo = to.flatMap((id) => participants.get(id)?.seat?.id ?? []);
    const speaksInto = channels.flatMap((name) => this.#channelOf(name)?.number ?? []);
    const heard = this.#heardBy(participant).map(({ number }) => number);
    const plan: VoicePlan = {
      speaksInto: [room ? ROOM_CHANNEL : [], speaksInto, shout ? shouts : []].flat(),
      whispersTo,
      hears: [ROOM_CHANNEL, heard, shouts].flat(),
    };
    participant.sound.setPlan(plan);
  }

  /** The participant has a new seat: those who whisper to them must find it. */
  seated({ id }: Participant): void {
    for (const [talkerId, { target }] of this.#talkers) {
      const talker = this.#options.participants.get(talkerId);
      if (talker !== undefined && target.to.includes(id)) this.apply(talker);
    }
  }

  /** Channels, their members, links or the room's rules have changed. */
  changed(): void {
    // Nobody shouts again by themselves when the room is linked again.
    if (this.#options.shoutChannel() === undefined)
      for (const talker of this.#talkers.values()) talker.target = { ...talker.target, shout: false };
    for (const participant of this.#options.participants.values()) {
      this.apply(participant);
      participant.deliver({ type: 'channels', channels: this.channelsFor(participant) });
    }
    for (const id of this.#talkers.keys()) {
      const talker = this.#options.participants.get(id);
      if (talker !== undefined) this.#tellSoon(talker);
    }
  }

  /** One participant has joined or left a channel by themselves. */
  memberChanged(participant: Participant): void {
    this.apply(participant);
    participant.deliver({ type: 'channels', channels: this.channelsFor(participant) });
    this.#tellSoon(participant);
    for (const [id, talker] of this.#talkers) {
      const other = this.#options.participants.get(id);
      if (other !== undefined) this.#tell(other, talker, [participant]);
    }
  }

  left({ id }: Participant): void {
    this.#talkers.get(id)?.cancel();
    this.#talkers.delete(id);
    for (const { told } of this.#talkers.values()) told.delete(id);
  }

  /** The channels that concern a participant: those they belong to, and those they may join. */
  channelsFor(participant: Participant): ChannelView[] {
    const key = publicKeyOf(participant);
    return Array.from(this.#options.channels.all, ({ name, open, speak, hear }) => ({
      name,
      open,
      speaks: speak.has(key),
      hears: hear.has(key),
    })).filter(({ open, speaks, hears }) => open || speaks || hears);
  }

  /** What a newcomer must know about those who speak to them in other ways than to everyone. */
  viewsFor(listener: Participant): TalkView[] {
    const views: TalkView[] = [];
    for (const [id, { told }] of this.#talkers) {
      const talker = this.#options.participants.get(id);
      if (talker === undefined || talker === listener) continue;
      const view = this.#viewOf(talker, listener);
      if (view === undefined) continue;
      told.set(listener.id, JSON.stringify(view));
      views.push(view);
    }
    return views;
  }

  /** Everyone who shouts to linked rooms. */
  get shouters(): Participant[] {
    return [...this.#talkers.keys()].flatMap((id) => {
      const talker = this.#options.participants.get(id);
      return talker !== undefined && this.targetOf(talker).shout === true ? talker : [];
    });
  }

  /** Whether everyone in the room can hear this talker. */
  reachesAll(talkerId: string): boolean {
    return this.#talkers.get(talkerId)?.target.room ?? true;
  }

  /** Whether a listener can hear this talker, whatever gain they have set. */
  reaches(talker: Participant, listener: Participant): boolean {
    return this.targetOf(talker).room || this.reachesBesideRoom(talker, listener);
  }

  /** The same through channels or by a whisper. */
  reachesBesideRoom(talker: Participant, listener: Participant): boolean {
    const { to, channels, shout = false } = this.targetOf(talker);
    return shout || to.includes(listener.id) || channels.some((name) => this.#hears(listener, name));
  }

  close(): void {
    for (const { cancel } of this.#talkers.values()) cancel();
    this.#talkers.clear();
  }

  #viewOf(talker: Participant, listener: Participant): TalkView | undefined {
    const { channels, to } = this.targetOf(talker);
    const heard = channels.filter((name) => this.#hears(listener, name));
    const whispers = to.includes(listener.id);
    return heard.length > 0 || whispers ? { participantId: talker.id, channels: heard, whispers } : undefined;
  }

  #tellSoon(participant: Participant): void {
    const talker = this.#talkers.get(participant.id);
    if (talker === undefined) return;
    const { clock, participants } = this.#options;
    talker.cancel();
    const dueMs = talker.toldMs + NOTICE_MS;
    if (clock.now() >= dueMs) this.#tell(participant, talker, participants.values());
    else talker.cancel = clock.setTimer(dueMs, () => this.#tell(participant, talker, participants.values()));
  }

  /** Notifies only those for whom something has changed. */
  #tell(talker: Participant, { told }: Talker, listeners: Iterable<Participant>): void {
    const known = this.#talkers.get(talker.id);
    if (known !== undefined) known.toldMs = this.#options.clock.now();
    for (const listener of listeners) {
      if (listener === talker) continue;
      const view = this.#viewOf(talker, listener);
      const text = view && JSON.stringify(view);
      if (told.get(listener.id) === text) continue;
      if (text === undefined) told.delete(listener.id);
      else told.set(listener.id, text);
      const event: RoomEvent = {
        type: 'talking',
        ...(view ?? { participantId: talker.id, channels: [], whispers: false }),
      };
      listener.deliver(event);
    }
  }

  #heardBy(participant: Participant): Channel[] {
    const key = publicKeyOf(participant);
    return Array.from(this.#options.channels.all).filter(({ hear }) => hear.has(key));
  }

  #hears(listener: Participant, name: string): boolean {
    const channel = this.#channelOf(name);
    return channel !== undefined && channel.sound.gain > 0 && channel.hear.has(publicKeyOf(listener));
  }

  #channelOf(name: string): Channel | undefined {
    return this.#options.channels.known(name);
  }
}
