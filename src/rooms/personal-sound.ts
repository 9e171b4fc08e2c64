/** What each participant of a room hears differently from the others: gains, channels and whispers. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { ChannelSounds, HeardInSpace, MediaRoom, RoomShouts, VoiceGain } from '../media/plane.ts';
import { ChannelNews } from './channel-news.ts';
import { type Channel, type ChannelSettings, RoomChannels, type StrengthChanges } from './channels.ts';
import type { ChannelView, EventOf, ShouterView, TalkView } from './events.ts';
import { type GainsByParticipant, publicKeyOf, RoomHearing } from './hearing.ts';
import type { Participant } from './participant.ts';
import type { ChannelFact } from './ports.ts';
import { Shouters } from './shouters.ts';
import { RoomTalk, type TalkTarget } from './talk.ts';

export interface PersonalSoundOptions {
  /** Everyone in the room by id. */
  readonly participants: ReadonlyMap<string, Participant>;
  /** What somebody shares beside their voice. */
  readonly sharedBy: (person: Participant) => Participant | undefined;
  readonly mayWhisper: () => boolean;
  /** Changes how the channels sound from now on. */
  readonly setChannelSounds: (sounds: ChannelSounds) => void;
  /** Links the room's media to other rooms, or ends that with null. */
  readonly setShouts: (shouts: RoomShouts | null) => void;
  /** See `MediaRoom.setPlain`. */
  readonly setPlain: (isPlain: boolean) => void;
  /** There are other channels, or they have other numbers. */
  readonly channelsChanged: () => void;
  /** Participants have joined or left a channel. */
  readonly tellMembers: (fact: ChannelFact) => void;
  readonly clock: Clock;
}

/** A room to which this one is linked. */
export interface LinkedRoom {
  readonly name: string;
  readonly media: MediaRoom;
  readonly sound: {
    /** Those who shout there. */
    readonly shouters: readonly Participant[];
    /** Others may shout in a room to which that one is linked. */
    shoutersChanged(): void;
  };
}

/** What a participant receives about their own sound when they enter the room. */
export interface PersonalView {
  readonly hearing: (readonly [participantId: string, gain: number])[];
  readonly channels: readonly ChannelView[];
  readonly mayWhisper: boolean;
  readonly talking: readonly TalkView[];
  readonly shoutsTo: readonly string[];
  /** Omitted if nobody shouts. */
  readonly shouting?: readonly ShouterView[];
}

type LevelsEvent = EventOf<'levels'>;

const NO_SEAT = -1;

export class PersonalSound {
  readonly #options: PersonalSoundOptions;
  readonly #hearing = new RoomHearing();
  readonly #channels = new RoomChannels();
  readonly #talk: RoomTalk;
  readonly #news: ChannelNews;
  /** As the media plane knows them. */
  #sounds: ChannelSounds = new Map();
  #linked: readonly LinkedRoom[] = [];
  readonly #shouters: Shouters;

  constructor(options: PersonalSoundOptions) {
    this.#options = options;
    const { participants, tellMembers: tell, clock } = options;
    this.#news = new ChannelNews({ participants, channels: this.#channels, tell, clock });
    this.#shouters = new Shouters({
      find: () =>
        this.#linked.flatMap(({ name: room, sound }) => sound.shouters.map(({ id, name }) => ({ id, name, room }))),
      tell: (event) => {
        for (const participant of participants.values()) participant.deliver(event);
      },
      clock,
    });
    this.#talk = new RoomTalk({
      ...options,
      channels: this.#channels,
      shoutChannel: () => this.shoutChannel,
    });
  }

  /** In the order in which they were created. */
  get channels(): Channel[] {
    return [...this.#channels.all];
  }

  /** The number of the channel in which people of linked rooms are heard; undefined while there are none. */
  get shoutChannel(): number | undefined {
    return this.#linked.length > 0 ? this.#channels.shoutChannel : undefined;
  }

  /** Somebody in a linked room shouts. */
  get isShoutedAt(): boolean {
    return this.#linked.some(({ sound }) => sound.shouters.length > 0);
  }

  /** Applies how the channels sound to the room's media, which has just been opened. */
  tune(media: MediaRoom): MediaRoom {
    if (this.#sounds.size > 0) media.setChannelSounds(this.#sounds);
    media.setPlain(this.#isPlain);
    return media;
  }

  viewFor(participant: Participant): PersonalView {
    const shouting = this.#shouters.now;
    return {
      ...(shouting.length > 0 && { shouting }),
      hearing: [...this.#gainsOf(participant)],
      channels: this.#talk.channelsFor(participant),
      mayWhisper: this.#options.mayWhisper(),
      talking: this.#talk.viewsFor(participant),
      shoutsTo: this.#shoutsTo(participant),
    };
  }

  /** Call before the room is linked to any other, and when it is not to be linked any more. Throws `too_many_channels`. */
  setLinkable(isLinkable: boolean): void {
    this.#channels.reserveForShouts(isLinkable);
  }

  get teams(): readonly string[] {
    return this.#channels.teams;
  }

  /** See `RoomChannels.setTeams`. */
  setTeams(names: readonly string[], isLinkable?: boolean): void {
    this.#channels.setTeams(names, isLinkable);
    this.#channelsChanged();
  }

  /** From now on the room is linked to these; `setLinkable` has been called if there are any. */
  setLinked(rooms: readonly LinkedRoom[]): void {
    this.#linked = rooms;
    const channel = this.#channels.shoutChannel;
    const isLinked = channel !== undefined && rooms.length > 0;
    this.#options.setShouts(isLinked ? { channel, rooms: rooms.map(({ media }) => media) } : null);
    this.#talk.changed();
    for (const participant of this.#options.participants.values()) {
      if (participant.mayShout) participant.deliver({ type: 'shouts_to', rooms: this.#shoutsTo(participant) });
    }
    this.#shouters.changed();
  }

  /** Those who shout to linked rooms. */
  get shouters(): readonly Participant[] {
    return this.#talk.shouters;
  }

  /** Others may shout in linked rooms. */
  shoutersChanged(): void {
    this.#shouters.changed();
  }

  /** The participant is in the room, or their seat is new. */
  entered(participant: Participant): void {
    if (participant.owner !== undefined) this.#options.setPlain(this.#isPlain);
    this.#applyGains(participant);
    this.#talk.apply(participant);
    if (this.#channels.count > 0) this.#news.changed(participant);
  }

  /** The participant has a new seat, which others may have set a gain for or whisper to. */
  seated(participant: Participant): void {
    const { participants } = this.#options;
    const owner = participants.get(participant.owner?.id ?? '');
    if (owner !== undefined) this.#applyGains(owner);
    if (this.#hearing.hasGainFor(participant))
      for (const listener of participants.values())
        if (this.#hearing.gainOf(listener, participant) !== 1) this.#applyGains(listener);
    this.#talk.seated(participant);
    if (this.#channels.hasStrength(publicKeyOf(participant))) this.#tellSounds();
  }

  left(participant: Participant): void {
    if (participant.owner !== undefined) this.#options.setPlain(this.#isPlain);
    this.#talk.left(participant);
    this.#tellLinked();
    this.#news.left(participant);
    if (participant.admission.identity === null) this.#channels.forgetGuest(participant.id);
  }

  /** Throws `unknown_participant`. */
  hear(listener: Participant, participantId: string, gain: number): void {
    if (participantId === listener.id) throw new AppError('unknown_participant', 'You do not hear yourself.');
    const heard = this.#options.participants.get(participantId);
    if (heard === undefined) throw new AppError('unknown_participant');
    if (shares(listener, heard)) throw new AppError('unknown_participant', 'You do not hear what you share.');
    this.#hearing.set(listener, heard, gain);
    this.#applyGains(listener);
    listener.deliver({ type: 'hearing', participantId, gain });
  }

  /** Throws what `RoomTalk.set` throws. */
  talkTo(talker: Participant, target: TalkTarget): void {
    this.#talk.set(talker, target);
    this.#tellLinked();
  }

  /** Throws what `RoomChannels.enter` and `exit` throw. */
  setInChannel(participant: Participant, channel: string, isIn: boolean): void {
    if (isIn) this.#channels.enter(participant, channel);
    else this.#channels.exit(participant, channel);
    this.#talk.memberChanged(participant);
    this.#news.changed(participant);
  }

  /** Throws `unknown_channel`. */
  channel(name: string): Channel {
    return this.#channels.get(name);
  }

  /** The number of the channel with this name, if there is one. */
  channelNumber(name: string): number | undefined {
    return this.#channels.known(name)?.number;
  }

  /** Throws what `RoomChannels.put` throws. */
  putChannel(name: string, settings: ChannelSettings): Channel {
    const channel = this.#channels.put(name, settings);
    this.#channelsChanged();
    return channel;
  }

  /** Throws what `RoomChannels.putAll` throws. */
  putChannels(channels: ReadonlyMap<string, ChannelSettings | null>): void {
    this.#channels.putAll(channels);
    this.#channelsChanged();
  }

  /** See `RoomChannels.setStrengths`. */
  setStrengths(changes: StrengthChanges): void {
    this.#channels.setStrengths(changes);
    this.#tellSounds();
  }

  /** Throws `unknown_channel`. */
  deleteChannel(name: string): void {
    this.#channels.delete(name);
    this.#channelsChanged();
  }

  /** The room's rules have changed. */
  rulesChanged(): void {
    this.#options.setPlain(this.#isPlain);
    this.#talk.changed();
  }

  /**
   * Tells each participant the levels of those whom they can hear.
   * @param heard what those who are in space hear there
   */
  tellLevels(event: LevelsEvent, heard: HeardInSpace): void {
    if (heard.size > 0) {
      this.#tellInSpace(event, heard);
      return;
    }
    const { participants } = this.#options;
    const restricted = new Set(event.speaking.flatMap(([id]) => (this.#talk.reachesAll(id) ? [] : [id])));
    for (const listener of participants.values()) {
      const { silenced } = listener.sound;
      const isHeard = (id: string): boolean => {
        const talker = restricted.has(id) ? participants.get(id) : undefined;
        return (
          !silenced.has(id) && (talker === undefined || talker === listener || this.#talk.reaches(talker, listener))
        );
      };
      const hearsAll = silenced.size === 0 && restricted.size === 0;
      const speaking = hearsAll ? event.speaking : event.speaking.filter(([id]) => isHeard(id));
      listener.deliver(speaking.length === event.speaking.length ? event : { ...event, speaking });
    }
  }

  #tellInSpace(event: LevelsEvent, heard: HeardInSpace): void {
    const { participants } = this.#options;
    for (const listener of participants.values()) {
      const inSpace = heard.get(listener.seat?.id ?? NO_SEAT);
      const isHeard = (id: string): boolean => {
        const talker = participants.get(id);
        if (talker === undefined || listener.sound.silenced.has(id)) return false;
        const seatId = talker.seat?.id ?? NO_SEAT;
        if (talker === listener || inSpace?.has(seatId) === true) return true;
        const areInRoom = inSpace === undefined && !heard.has(seatId);
        return areInRoom ? this.#talk.reaches(talker, listener) : this.#talk.reachesBesideRoom(talker, listener);
      };
      listener.deliver({ ...event, speaking: event.speaking.filter(([id]) => isHeard(id)) });
    }
  }

  close(): void {
    this.#talk.close();
    this.#news.close();
    this.#shouters.close();
  }

  /** Nobody can speak to some people only, or shares what they must not hear themselves, so there is one mix for all. */
  get #isPlain(): boolean {
    const { participants, mayWhisper } = this.#options;
    if (mayWhisper() || this.channels.length > 0 || this.#channels.shoutChannel !== undefined) return false;
    for (const { owner } of participants.values()) if (owner !== undefined) return false;
    return true;
  }

  #channelsChanged(): void {
    this.#options.setPlain(this.#isPlain);
    this.#tellSounds();
    this.#talk.changed();
    this.#news.allChanged();
    this.#options.channelsChanged();
  }

  #tellSounds(): void {
    const { participants, setChannelSounds } = this.#options;
    let seats: Map<string, number> | undefined;
    const seatOf = (key: string): number | undefined => {
      seats ??= new Map(
        [...participants.values()].flatMap((one) => (one.seat ? [[publicKeyOf(one), one.seat.id]] : [])),
      );
      return seats.get(key);
    };
    const sounds = this.#channels.sounds(seatOf);
    if (isDeepStrictEqual(sounds, this.#sounds)) return;
    this.#sounds = sounds;
    setChannelSounds(sounds);
  }

  #tellLinked(): void {
    for (const { sound } of this.#linked) sound.shoutersChanged();
  }

  #shoutsTo({ mayShout }: Participant): readonly string[] {
    return mayShout ? this.#linked.map(({ name }) => name) : [];
  }

  #gainsOf(listener: Participant): GainsByParticipant {
    return this.#hearing.gainsOf(listener, this.#options.participants.values());
  }

  #applyGains(listener: Participant): void {
    const voices: VoiceGain[] = [];
    const silenced = new Set<string>();
    const gains = new Map(this.#gainsOf(listener));
    const shared = this.#options.sharedBy(listener);
    if (shared !== undefined) gains.set(shared.id, 0);
    for (const [id, gain] of gains) {
      if (gain === 0) silenced.add(id);
      const seat = this.#options.participants.get(id)?.seat;
      if (seat !== undefined) voices.push({ seatId: seat.id, gain });
    }
    listener.sound.setHearing(voices, silenced);
  }
}

/** Nobody hears what they share themselves. */
function shares({ id }: Participant, { owner }: Participant): boolean {
  return owner?.id === id;
}
