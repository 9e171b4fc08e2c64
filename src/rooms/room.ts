import type { Logger } from 'pino';
import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { HeardInSpace, MediaRoom, MixSettings, Seat, SpeakerLevel } from '../media/plane.ts';
import type { RoomEntry } from '../protocol/messages.ts';
import type { Admission } from './admission.ts';
import { RoomChat } from './chat/room-chat.ts';
import { companionAdmission } from './companions.ts';
import type { LeaveReason, ParticipantView, RoomEvent } from './events.ts';
import { GameServers } from './game-servers.ts';
import { publicKeyOf } from './hearing.ts';
import { RoomListeners } from './listeners.ts';
import { Moderation, type ModeratorAction } from './moderation.ts';
import { createParticipant } from './newcomer.ts';
import type { Participant } from './participant.ts';
import type { ParticipantRoom } from './participant-options.ts';
import { PersonalSound } from './personal-sound.ts';
import { RoomPlayers } from './players.ts';
import type { Decisions, ParticipantFact, RoomEndReason } from './ports.ts';
import { RoomRecording } from './recording/room-recording.ts';
import { RoomData } from './room-data.ts';
import { RoomLevels } from './room-levels.ts';
import { linkedNames } from './room-links.ts';
import { RoomMembers } from './room-members.ts';
import type { JoinOptions, RoomInfo, RoomOptions, RoomSettings, RoomView } from './room-options.ts';
import { RoomRoster } from './room-roster.ts';
import { roomSide } from './room-side.ts';
import { RoomTaps } from './room-taps.ts';
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
  readonly members = new RoomMembers();
  readonly #participants = this.members.byId;
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
  readonly taps = new RoomTaps(() => (this.#closed ? undefined : this.media));
  readonly recording: RoomRecording;
  readonly players = new RoomPlayers();
  /** Those who only listen, and are not in the room. */
  readonly listeners: RoomListeners;
  readonly roster: RoomRoster;
  readonly #side: ParticipantRoom;
  #media: MediaRoom | undefined;
  /** As last announced. */
  readonly #levels = new RoomLevels();
  #closed = false;

  constructor(options: RoomOptions) {
    const { name, key, permanent, settings, bans, decisions, clock, log, observer } = options;
    this.name = name;
    this.key = key;
    this.permanent = permanent;
    this.startedAtMs = clock.wallNow();
    this.#options = options;
    this.#settings = settings;
    this.#log = log.child({ room: name });
    this.#moderation = new Moderation({
      ...{ room: key, participants: this.#participants, bans, decisions, log: this.#log },
      tellAll: (event) => this.tellAll(event),
      setSlowMode: (slowModeSeconds) => this.change({ slowModeSeconds }),
      decided: (action) => options.onDecided(this, action),
    });
    const { limitCounts, textCounts, chatKeeping: keeping, files } = options;
    this.roster = new RoomRoster({ ...options, participants: this.#participants, size: () => this.size });
    this.sound = new PersonalSound({
      participants: this.#participants,
      sharedBy: (person) => this.members.companions.of(person),
      mayWhisper: () => this.#settings.whispers,
      setChannelSounds: (sounds) => this.#media?.setChannelSounds(sounds),
      setShouts: (shouts) => this.media.setShouts(shouts),
      setPlain: (isPlain) => this.#media?.setPlain(isPlain),
      channelsChanged: () => this.space.channelsChanged(),
      tellMembers: (fact) => observer.channelChanged(this, fact),
      clock,
    });
    this.sound.setLinkable(settings.links.length > 0);
    if (settings.teams.length > 0) this.sound.setTeams(settings.teams);
    const shared = { participants: this.#participants, limitCounts, textCounts, clock };
    this.chat = new RoomChat({ ...shared, keeping, files, room: key, settings: () => this.#settings });
    this.data = new RoomData(shared);
    this.recording = new RoomRecording({
      ...{ room: name, recorder: options.recorder, mode: () => this.#settings.recording, media: this.taps.slot() },
      ...{ participants: this.#participants, participantOfSeat: this.#participantOfSeat, key, clock, log: this.#log },
      tellAll: (event) => this.tellAll(event),
    });
    this.listeners = new RoomListeners(this, (admission) => this.#moderation.checkNewcomer(admission), clock);
    this.gameServers = new GameServers({ onGone: (isGone) => this.#gameServerGone(isGone), clock });
    this.#side = roomSide(this, {
      participantOfSeat: this.#participantOfSeat,
      moderation: this.#moderation,
      limitCounts,
      left: (participant, reason) => this.#participantLeft(participant, reason),
    });
    observer.roomStarted(this);
  }

  /** Number of people. */
  get size(): number {
    return this.members.size;
  }

  /** Nobody new can join. */
  get locked(): boolean {
    return this.#moderation.locked;
  }

  get decisions(): Decisions {
    return this.#moderation.decisions;
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
    const speaking = this.everybody.filter(({ id }) => this.#levels.byId.has(id)).length;
    return roomInfoOf(this, this.#settings, speaking);
  }

  /** Throws `unknown_participant`. */
  participant(id: string): Participant {
    const participant = this.#participants.get(id);
    if (participant === undefined) throw new AppError('unknown_participant');
    return participant;
  }

  /** All people, in order of arrival. */
  get everybody(): readonly Participant[] {
    return this.members.people;
  }

  /** The same with what they share beside their voices. */
  get all(): Iterable<Participant> {
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
    if (settings.live !== undefined) this.listeners.liveModeChanged(settings.live);
    if (settings.links !== undefined) this.#options.onLinksChanged();
    if (settings.links?.length === 0) this.sound.setLinkable(false);
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
   * media. Throws `AppError` `room_full`, `room_locked`, `too_many_shares` or `server_draining`.
   */
  join(joining: JoinOptions): Participant {
    const { admission, state, hasMicrophone = true, resumeToken, takesNewcomers, listener, owner } = joining;
    const resumed = this.members.holderOfToken(resumeToken);
    if (resumed !== undefined) {
      resumed.resume(listener, state, hasMicrophone);
      this.roster.listTaken(resumed);
      const { name, address } = resumed;
      this.#log.info({ participant: resumed.id, name, address }, 'participant resumed');
      return resumed;
    }
    const { resumeTimeoutMs, resumes, clock } = this.#options;
    const before = owner === undefined ? resumes.read(resumeToken, this.key, admission.identity) : undefined;
    const previous = this.members.previous(joining, before);
    if (previous === undefined) {
      if (owner === undefined && !takesNewcomers) throw new AppError('server_draining');
      const isBack = before !== undefined && resumes.takesBack(this);
      if (owner === undefined && !isBack) this.#moderation.checkNewcomer(admission);
      this.#checkPlace(owner);
    }
    const here = { room: this.#side, moderation: this.#moderation, log: this.#log };
    const participant = createParticipant(joining, { previous, before }, { ...here, resumes, resumeTimeoutMs, clock });
    const { id, name, address } = participant;
    if (previous !== undefined) {
      this.#endCompanion(previous);
      previous.end('replaced');
    }
    this.members.add(participant);
    this.sound.entered(participant);
    this.recording.entered(participant);
    const replaced = previous !== undefined;
    this.#log.info({ participant: id, name, address, participants: this.size, replaced }, 'participant joined');
    if (replaced) this.roster.replaced(participant);
    else this.#tellJoined(participant);
    return participant;
  }

  /**
   * Takes over a participant from another room, with their media. `admission`: they come by themselves, and were
   * admitted so. Throws `room_full`, `identity_present` or, if they come by themselves, `room_locked`.
   */
  adopt(participant: Participant, from: Room, admission?: Admission): void {
    if (this.members.isThere(participant)) throw new AppError('identity_present');
    if (admission !== undefined) this.#moderation.checkNewcomer(participant.rightsIn(this.key, admission));
    this.#checkPlace(participant.owner);
    const companion = from.members.companions.of(participant);
    const { id } = participant;
    const { clock, log } = this.#options;
    const before = participant.fact;
    const place = { room: this.#side, joinedAtMs: clock.wallNow(), admission };
    participant.moveTo({ ...place, log: log.child({ room: this.name, participant: id }) });
    this.members.add(participant);
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
    this.#tellJoined(participant);
    this.#moderation.remind(participant);
    if (companion !== undefined) this.#adoptCompanion(companion, participant, from);
  }

  /** What somebody shares goes with them if they may share here and there is a place for it. */
  #adoptCompanion(companion: Participant, owner: Participant, from: Room): void {
    try {
      companionAdmission(owner.admission, true);
      this.adopt(companion, from);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      from.#endCompanion(owner);
    }
  }

  #tellJoined(participant: Participant): void {
    this.roster.joined(participant);
    if (participant.owner !== undefined) return;
    this.#options.observer.participantJoined(this, participant.fact);
    this.gameServers.joined(participant);
  }

  /** Ends every participant and releases the media. */
  close(reason: RoomEndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.roster.close();
    this.sound.close();
    this.chat.close();
    this.recording.close(reason);
    this.gameServers.close(reason);
    const why = reason === 'server_closing' ? reason : 'room_closed';
    this.listeners.close(why);
    this.players.close(why);
    const { observer, onLeft, onClosed } = this.#options;
    const participants = [...this.#participants.values()];
    this.#participants.clear();
    for (const participant of participants) {
      participant.end(why);
      if (participant.owner === undefined) observer.participantLeft(this, participant.fact, why);
      onLeft(participant);
    }
    this.#media?.close();
    this.#media = undefined;
    this.#log.info({ reason }, 'room closed');
    observer.roomEnded(this, reason);
    onClosed(reason);
  }

  /** Notifies everyone in the room. */
  tellAll(event: RoomEvent): void {
    for (const participant of this.#participants.values()) participant.deliver(event);
  }

  #endCompanion(owner: Participant): void {
    const companion = this.members.companions.of(owner);
    if (companion === undefined) return;
    companion.end('owner_left');
    this.#participantLeft(companion, 'left');
  }

  #participantLeft(participant: Participant, reason: LeaveReason): void {
    this.#endCompanion(participant);
    this.#moderation.left(participant);
    this.members.delete(participant);
    this.recording.left(participant);
    this.sound.left(participant);
    this.#leftSpace(participant, reason);
    this.#left(participant.fact, reason);
    this.#options.onLeft(participant);
  }

  #moved(participant: Participant, fact: ParticipantFact, seat: Seat | undefined): void {
    this.members.delete(participant);
    this.recording.endIfAlone();
    this.sound.left(participant);
    this.#leftSpace(participant, 'moved');
    if (seat !== undefined) this.#participantOfSeat.delete(seat.id);
    this.#left(fact, 'moved');
  }

  #leftSpace(participant: Participant, reason: LeaveReason): void {
    this.space.left(publicKeyOf(participant));
    if (participant.owner === undefined) this.gameServers.left(participant, reason);
  }

  #gameServerGone(isGone: boolean): void {
    if (isGone) this.#log.warn('the game server is gone');
    this.space.setGone(isGone);
  }

  #left(participant: ParticipantFact, reason: LeaveReason): void {
    const { id: participantId } = participant;
    this.#log.info({ participant: participantId, reason, participants: this.size }, 'participant left');
    this.roster.left(participantId, reason);
    if (participant.role === undefined) this.#options.observer.participantLeft(this, participant, reason);
    if (this.#participants.size === 0 && !this.permanent) this.close('empty');
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

  #checkPlace(owner: unknown): void {
    this.members.checkPlaceFor(owner, this.#settings.maxParticipants, this.#options.limitCounts);
  }

  #tell(levels: readonly SpeakerLevel[], heard: HeardInSpace): void {
    this.gameServers.levels(
      this.#levels.take(levels, (id) => this.#participants.get(this.#participantOfSeat.get(id) ?? '')),
    );
    this.roster.levels(this.#levels.byId, (speaking) => this.sound.tellLevels({ type: 'levels', speaking }, heard));
  }
}
