import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { HeardInSpace, MediaRoom, MixSettings, Seat, SpeakerLevel } from '../media/plane.ts';
import type { RoomEntry } from '../protocol/messages.ts';
import type { Admission } from './admission.ts';
import { RoomChat } from './chat/room-chat.ts';
import type { LeaveReason, ParticipantView, RoomEvent } from './events.ts';
import { GameServers } from './game-servers.ts';
import { publicKeyOf } from './hearing.ts';
import { holderOfIdentity, holderOfToken } from './holders.ts';
import { RoomListeners } from './listeners.ts';
import { Moderation, type ModeratorAction } from './moderation.ts';
import { Participant } from './participant.ts';
import type { ParticipantRoom } from './participant-options.ts';
import { ParticipantUpdates } from './participant-updates.ts';
import { PersonalSound } from './personal-sound.ts';
import type { ParticipantFact, RoomEndReason } from './ports.ts';
import { RoomRecording } from './recording/room-recording.ts';
import { RoomData } from './room-data.ts';
import { RoomLevels } from './room-levels.ts';
import { linkedNames } from './room-links.ts';
import type { JoinOptions, RoomInfo, RoomOptions, RoomSettings, RoomView } from './room-options.ts';
import { roomSide } from './room-side.ts';
import { roomInfoOf, roomViewFor } from './room-view.ts';
import { RoomSpace } from './space/room-space.ts';
import { teamNames } from './teams.ts';

/** The people in one room, and the room's part of the media plane. */
export class Room {
  /** As whoever opened the room spelled it. */
  readonly name: string;
  /** The same for all spellings. */
  readonly key: string;
  readonly permanent: boolean;
  /** In milliseconds since 1970. */
  readonly startedAtMs: Millis;
  readonly #options: RoomOptions;
  readonly #log: Logger;
  #settings: RoomSettings;
  readonly #participants = new Map<string, Participant>();
  /** `Seat.id` → participant id. */
  readonly #participantOfSeat = new Map<number, string>();
  readonly #moderation: Moderation;
  /** What participants hear differently: gains, channels and whispers. */
  readonly sound: PersonalSound;
  readonly space = new RoomSpace(
    () => this.media,
    (name) => this.sound.channelNumber(name),
    (space) => this.tellAll({ type: 'space', space }),
  );
  readonly gameServers: GameServers;
  readonly chat: RoomChat;
  readonly data: RoomData;
  readonly recording: RoomRecording;
  /** Those who only listen, and are not in the room. */
  readonly listeners: RoomListeners;
  readonly #updates: ParticipantUpdates;
  readonly #side: ParticipantRoom;
  #media: MediaRoom | undefined;
  /** As last announced. */
  readonly #levels = new RoomLevels();
  #closed = false;

  constructor(options: RoomOptions) {
    const { name, key, permanent, settings, bans, clock, log, observer } = options;
    this.name = name;
    this.key = key;
    this.permanent = permanent;
    this.startedAtMs = clock.wallNow();
    this.#options = options;
    this.#settings = settings;
    this.#log = log.child({ room: name });
    this.#moderation = new Moderation({
      room: key,
      participants: this.#participants,
      bans,
      tellAll: (event) => this.tellAll(event),
      setSlowMode: (slowModeSeconds) => this.change({ slowModeSeconds }),
      log: this.#log,
    });
    this.#updates = new ParticipantUpdates({
      participants: this.#participants,
      limitCounts: options.limitCounts,
      clock,
    });
    this.sound = new PersonalSound({
      participants: this.#participants,
      mayWhisper: () => this.#settings.whispers,
      setChannelSounds: (sounds) => this.#media?.setChannelSounds(sounds),
      setShouts: (shouts) => this.media.setShouts(shouts),
      channelsChanged: () => this.space.channelsChanged(),
      tellMembers: (fact) => observer.channelChanged(this, fact),
      clock,
    });
    this.sound.setLinkable(settings.links.length > 0);
    if (settings.teams.length > 0) this.sound.setTeams(settings.teams);
    const { limitCounts, textCounts, chatKeeping: keeping } = options;
    const shared = { participants: this.#participants, limitCounts, textCounts, clock };
    this.chat = new RoomChat({ ...shared, keeping, settings: () => this.#settings });
    this.data = new RoomData(shared);
    this.recording = new RoomRecording({
      ...{ room: name, recorder: options.recorder, mode: () => this.#settings.recording, media: () => this.media },
      ...{ participants: this.#participants, participantOfSeat: this.#participantOfSeat, key, clock, log: this.#log },
      tellAll: (event) => this.tellAll(event),
    });
    this.listeners = new RoomListeners(this, (admission) => this.#moderation.checkNewcomer(admission), clock);
    this.gameServers = new GameServers({ onGone: (isGone) => this.#gameServerGone(isGone), clock });
    this.#side = roomSide(this, {
      participantOfSeat: this.#participantOfSeat,
      updates: this.#updates,
      moderation: this.#moderation,
      limitCounts,
      left: (participant, reason) => this.#participantLeft(participant, reason),
    });
    observer.roomStarted(this);
  }

  get size(): number {
    return this.#participants.size;
  }

  /** Nobody new can join. */
  get locked(): boolean {
    return this.#moderation.locked;
  }

  /** How somebody new gets in. */
  get entry(): RoomEntry {
    return this.#options.entry();
  }

  /** Everyone in the room, in order of arrival. */
  get participants(): ParticipantView[] {
    return Array.from(this.#participants.values(), (participant) => participant.view);
  }

  get info(): RoomInfo {
    return roomInfoOf(this, this.#settings, this.#levels.byId.size);
  }

  /** Throws `unknown_participant`. */
  participant(id: string): Participant {
    const participant = this.#participants.get(id);
    if (participant === undefined) throw new AppError('unknown_participant');
    return participant;
  }

  /** In order of arrival. */
  get everybody(): Iterable<Participant> {
    return this.#participants.values();
  }

  /** The level of a current speaker in dBov; otherwise null. */
  levelDbovOf(participantId: string): number | null {
    return this.#levels.byId.get(participantId) ?? null;
  }

  /**
   * Omitted settings keep their value. Throws `invalid_request` for links, `invalid_channel` for teams, or
   * `too_many_channels`; then nothing changes.
   */
  change({ links, teams, ...others }: Partial<RoomSettings>): void {
    const settings = { ...others, ...(links !== undefined && { links: linkedNames(this.key, links) }) };
    const isLinkable = settings.links !== undefined && settings.links.length > 0;
    if (teams !== undefined) this.sound.setTeams(teamNames(teams), isLinkable);
    if (isLinkable) this.sound.setLinkable(true);
    this.#settings = { ...this.#settings, ...settings };
    this.#media?.setMix(this.#mix);
    if (settings.whispers !== undefined) this.sound.rulesChanged();
    if (settings.chat !== undefined || settings.slowModeSeconds !== undefined) this.chat.rulesChanged();
    if (settings.recording !== undefined) this.recording.modeChanged();
    if (settings.links === undefined) return;
    this.#options.onLinksChanged();
    if (settings.links.length === 0) this.sound.setLinkable(false);
  }

  /** The rooms to which this one is linked if they name it as well. */
  get links(): readonly string[] {
    return this.#settings.links;
  }

  /** What a participant receives when they enter. */
  viewFor(participant: Participant): RoomView {
    return roomViewFor(this, participant);
  }

  /** The operator's moderation. Throws `unknown_participant`. */
  moderate(action: ModeratorAction): void {
    this.#moderation.apply(action, null);
  }

  /**
   * Adds a new participant, or connects the holder of the resume token to their existing one, keeping its name and
   * media. Throws `AppError` `room_full`, `room_locked` or `server_draining`.
   */
  join({
    name,
    admission,
    state,
    hasMicrophone = true,
    via,
    resumeToken,
    takesNewcomers,
    listener,
  }: JoinOptions): Participant {
    const resumed = holderOfToken(this.everybody, resumeToken);
    if (resumed !== undefined) {
      resumed.resume(listener, state, hasMicrophone);
      this.#updates.listTaken(resumed.id);
      const { name, address } = resumed;
      this.#log.info({ participant: resumed.id, name, address }, 'participant resumed');
      return resumed;
    }
    const previous = holderOfIdentity(this.everybody, admission);
    if (previous === undefined) {
      if (!takesNewcomers) throw new AppError('server_draining');
      this.#moderation.checkNewcomer(admission);
      this.#checkPlace();
    }
    const id = previous?.id ?? randomUUID();
    const { clock, resumeTimeoutMs, observer } = this.#options;
    const participant = new Participant({
      id,
      name,
      admission,
      state,
      hasMicrophone,
      via,
      mutedByModerator: previous?.mutedByModerator ?? this.#moderation.isMuted(admission),
      mutedInChat: previous?.mutedInChat ?? this.#moderation.isMutedInChat(admission),
      returning: previous?.returning ?? false,
      // Constant for the whole life of the id, because the `joined` message with a new one could get lost.
      resumeToken: previous?.resumeToken ?? randomBytes(32).toString('base64url'),
      joinedAtMs: previous?.joinedAtMs ?? clock.wallNow(),
      listener,
      room: this.#side,
      resumeTimeoutMs,
      clock,
      log: this.#log.child({ participant: id }),
    });
    previous?.end('replaced');
    this.#participants.set(id, participant);
    this.sound.entered(participant);
    this.recording.entered(participant);
    this.#log.info(
      {
        participant: id,
        name,
        address: participant.address,
        participants: this.size,
        replaced: previous !== undefined,
      },
      'participant joined',
    );
    if (previous !== undefined) this.#updates.replaced(id);
    else {
      this.#updates.joined(id);
      observer.participantJoined(this, participant.fact);
      this.gameServers.joined(participant);
    }
    return participant;
  }

  /**
   * Takes over a participant from another room, with their media. `admission`: they come by themselves, and were
   * admitted so. Throws `room_full`, `identity_present` or, if they come by themselves, `room_locked`.
   */
  adopt(participant: Participant, from: Room, admission?: Admission): void {
    if (holderOfIdentity(this.everybody, participant.admission) !== undefined) throw new AppError('identity_present');
    if (admission !== undefined) this.#moderation.checkNewcomer(participant.rightsIn(this.key, admission));
    this.#checkPlace();
    const { id } = participant;
    const { clock, observer, log } = this.#options;
    const place = {
      room: this.#side,
      joinedAtMs: clock.wallNow(),
      log: log.child({ room: this.name, participant: id }),
      admission,
    };
    const before = participant.fact;
    participant.moveTo(place);
    this.#participants.set(id, participant);
    this.sound.entered(participant);
    from.recording.left(participant);
    this.recording.entered(participant);
    const { seat } = participant;
    if (seat !== undefined) {
      this.media.adopt(seat, participant.memberState);
      this.#participantOfSeat.set(seat.id, id);
      this.sound.seated(participant);
      this.space.seat(publicKeyOf(participant), seat.id);
    }
    this.#log.info({ participant: id, from: from.name, participants: this.size }, 'participant moved here');
    from.#moved(participant, before, seat);
    participant.deliver({ type: 'moved', ...this.viewFor(participant) });
    const history = this.chat.history();
    if (history !== null && participant.client?.takesChat) participant.deliver(history);
    this.#updates.joined(id);
    observer.participantJoined(this, participant.fact);
    this.gameServers.joined(participant);
    this.#moderation.remind(participant);
  }

  /** Ends every participant and releases the media. */
  close(reason: RoomEndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#updates.close();
    this.sound.close();
    this.chat.close();
    this.recording.close(reason);
    this.gameServers.close(reason);
    this.listeners.close(reason === 'server_closing' ? reason : 'room_closed');
    const { observer, onLeft, onClosed } = this.#options;
    const participants = [...this.#participants.values()];
    this.#participants.clear();
    for (const participant of participants) {
      const why = reason === 'server_closing' ? reason : 'room_closed';
      participant.end(why);
      observer.participantLeft(this, participant.fact, why);
      onLeft(participant);
    }
    this.#media?.close();
    this.#media = undefined;
    this.#log.info({ reason }, 'room closed');
    observer.roomEnded(this, reason);
    onClosed();
  }

  /** Notifies everyone in the room. */
  tellAll(event: RoomEvent): void {
    for (const participant of this.#participants.values()) participant.deliver(event);
  }

  #participantLeft(participant: Participant, reason: LeaveReason): void {
    this.#participants.delete(participant.id);
    this.recording.left(participant);
    this.sound.left(participant);
    this.#leftSpace(participant, reason);
    this.#left(participant.fact, reason);
    this.#options.onLeft(participant);
  }

  #moved(participant: Participant, fact: ParticipantFact, seat: Seat | undefined): void {
    this.#participants.delete(participant.id);
    this.sound.left(participant);
    this.#leftSpace(participant, 'moved');
    if (seat !== undefined) this.#participantOfSeat.delete(seat.id);
    this.#left(fact, 'moved');
  }

  #leftSpace(participant: Participant, reason: LeaveReason): void {
    this.space.left(publicKeyOf(participant));
    this.gameServers.left(participant, reason);
  }

  #gameServerGone(isGone: boolean): void {
    if (isGone) this.#log.warn('the game server is gone');
    this.space.setGone(isGone);
  }

  #left(participant: ParticipantFact, reason: LeaveReason): void {
    const { id: participantId } = participant;
    this.#log.info({ participant: participantId, reason, participants: this.size }, 'participant left');
    this.#updates.left(participantId, reason);
    this.#options.observer.participantLeft(this, participant, reason);
    if (this.size === 0 && !this.permanent) this.close('empty');
  }

  /** The room's part of the media plane, opened if necessary. */
  get media(): MediaRoom {
    const { plane } = this.#options;
    this.#media ??= this.sound.tune(
      plane.openRoom({ levels: (speaking, heard) => this.#tell(speaking, heard) }, this.#mix),
    );
    return this.#media;
  }

  get #mix(): MixSettings {
    const { maxTalkers, levelling } = this.#settings;
    return { maxTalkers, levelling };
  }

  #checkPlace(): void {
    if (this.size < this.#settings.maxParticipants) return;
    this.#options.limitCounts.hit('participants_per_room');
    throw new AppError('room_full');
  }

  #tell(levels: readonly SpeakerLevel[], heard: HeardInSpace): void {
    this.gameServers.levels(
      this.#levels.take(levels, (id) => this.#participants.get(this.#participantOfSeat.get(id) ?? '')),
    );
    this.sound.tellLevels({ type: 'levels', speaking: [...this.#levels.byId] }, heard);
  }
}
