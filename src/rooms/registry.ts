import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { LiveMode } from '../protocol/api/live-mode.ts';
import type { AccessControl, AdmissionRequest, RenewedToken } from './access.ts';
import type { Admission } from './admission.ts';
import { ChatFiles } from './chat/chat-files.ts';
import { checkPerson, companionAdmission, mayShareSound } from './companions.ts';
import { Drain, type DrainingState } from './draining.ts';
import type { ListenerOptions, RoomListener } from './listeners.ts';
import { participantName, roomKey, roomKeyOrUndefined, roomName } from './names.ts';
import type { Participant } from './participant.ts';
import { ALONE, type Decisions, NOTHING_KEPT, type RoomObserver } from './ports.ts';
import {
  CHAT,
  type ChatDefaults,
  defaultSettings,
  figuresOf,
  type Joined,
  type JoinRequest,
  type NewRoom,
  NO_FILES,
  NOBODY,
  type Opening,
  type RegistryDefaults,
  type RegistryOptions,
  type RoomChange,
  type RoomFigures,
} from './registry-options.ts';
import { ResumeTokens } from './resume-token.ts';
import { Room } from './room.ts';
import { RoomCounts } from './room-counts.ts';
import { RoomKeeper } from './room-keeper.ts';
import { RoomLinks, withCheckedNames } from './room-links.ts';
import { RoomList } from './room-list.ts';
import { RoomPlacement } from './room-placement.ts';
import { createTextCounts } from './text-counts.ts';

/** When somebody who wants to listen may ask again. */
const NOTHING_TO_HEAR_MS: Millis = 5000;

/**
 * All rooms. A room opened by the operator exists until it is closed; others exist from the first participant to the
 * last.
 */
export class RoomRegistry {
  #options: RegistryOptions;
  readonly #access: AccessControl;
  readonly #observer: RoomObserver;
  readonly #limitCounts: LimitCounts;
  /** By `roomKey`. */
  readonly #rooms = new Map<string, Room>();
  readonly #links = new RoomLinks<Room>(this.#rooms);
  /**
   * Resume token → room, for participants who were moved. If the notification is lost, their clients do not know where
   * they are.
   */
  readonly #movedTo = new Map<string, Room>();
  readonly #counts: RoomCounts;
  readonly #resumes: ResumeTokens;
  #chat: ChatDefaults;
  readonly textCounts = createTextCounts();
  /** Of the chats of all rooms. */
  readonly files: ChatFiles;
  readonly keeper: RoomKeeper;
  /** What people see of rooms that they are not in. */
  readonly list: RoomList;
  readonly #placement: RoomPlacement;
  readonly #drain: Drain;
  /** Those that go on at another server, until everyone is there. */
  readonly leaving = new Set<Room>();
  #closed = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#access = options.access;
    this.#observer = options.observer ?? NOBODY;
    this.#limitCounts = options.limitCounts ?? new LimitCounts();
    this.#counts = new RoomCounts(options.limits, this.#limitCounts);
    this.#resumes = new ResumeTokens(options.resumeSecret, this.#access.bans, options.clock);
    this.#chat = options.chat ?? CHAT;
    const { clock, log, store = NOTHING_KEPT, onDrained } = options;
    this.#drain = new Drain({ clock, log, onDrained, rooms: () => [...this.#rooms.values(), ...this.leaving] });
    this.keeper = new RoomKeeper(store, this.#access, { isOpen: (key) => this.#rooms.has(key), log });
    const files = { limits: this.#chat.files ?? NO_FILES, clock: options.clock, limitCounts: this.#limitCounts };
    this.files = new ChatFiles(files, this.#rooms);
    this.#placement = new RoomPlacement(options.directory ?? ALONE, options.clock);
    this.list = new RoomList({
      mode: options.roomList ?? 'off',
      rooms: this.#rooms,
      entryOf: (key) => this.#access.entryOf(key),
      others: options.otherRooms,
      limitCounts: this.#limitCounts,
      clock: options.clock,
    });
  }

  /**
   * Decides as whom someone may join. The holder of a participant's resume token was admitted once and is not checked
   * again. Rejects as `AccessControl.admit` does; `isWanted` tells whether the client is still there.
   */
  async admit(
    request: AdmissionRequest & Pick<JoinRequest, 'resumeToken' | 'companionOf'>,
    isWanted: () => boolean,
  ): Promise<Admission> {
    if (this.#closed) throw new AppError('server_closing');
    const { room, resumeToken, companionOf } = request;
    if (companionOf !== undefined)
      return companionAdmission(this.holder(room, companionOf).admission, this.#sharesSound);
    const holder = resumeToken && this.#roomOfHolder(room, resumeToken)?.members.personWith(resumeToken);
    if (holder) return holder.admission;
    const key = roomKey(room);
    await this.#placement.place(key, isWanted);
    const before = this.#resumes.takesBack(this.#rooms.get(key)) ? this.#resumes.read(resumeToken, key) : undefined;
    return this.#access.readmitted(before) ?? this.#access.admit(request, isWanted);
  }

  /** Renews the token of a participant, as `AccessControl.renew` does. They may have been moved since they joined. */
  async renewToken(participant: Participant, token: string | undefined): Promise<RenewedToken> {
    const { roomName } = participant;
    const renewed = await this.#access.renew(participant.rightsIn(roomKey(roomName)), roomName, token);
    participant.tokenExpiresAtMs = renewed.expiresAtMs;
    return renewed;
  }

  /**
   * Throws `AppError` `invalid_room`, `invalid_name`, `name_reserved`, `room_full`, `room_locked`, `kicked` if they were banned since they
   * were admitted, `too_many_rooms`, `too_many_rooms_of_address`, `server_draining` or `server_closing`, and for companions
   * `unknown_participant`, `too_many_shares`, or `server_busy` if the room is at several servers.
   */
  join({ room: wantedRoom, name: wantedName, from, chatAfter, companionOf, ...options }: JoinRequest): Joined {
    if (this.#closed) throw new AppError('server_closing');
    const owner = companionOf === undefined ? undefined : this.holder(wantedRoom, companionOf);
    const state = { ...options.state, ...(owner !== undefined && { deafened: true }) };
    const name = owner?.name ?? options.admission.name ?? participantName(wantedName);
    if (from !== undefined && owner === undefined) this.#access.people.checkName(name, options.admission.identity);
    const wanted = roomName(wantedRoom);
    const known = owner === undefined ? this.#roomOfHolder(wanted, options.resumeToken) : this.room(owner.roomName);
    if (known === undefined && this.#drain.isOn) throw new AppError('server_draining');
    this.#access.bans.checkIdentity(known?.key ?? roomKey(wanted), options.admission.identity);
    // Nobody hears what they share, so all people of a spread room would have to connect again, to one server.
    if (owner !== undefined && known?.media.isSpread)
      throw new AppError('server_busy', 'The room is at several servers, and nobody can share sound there.');
    // Rooms opened with a join token do not count against the address: the issuer chose the room, and tokens cannot be
    // made up. Certificates can be, so an identity alone says nothing.
    const room = known ?? this.#open(wanted, options.admission.expiresAtMs === undefined ? { from } : {});
    const participant = room.join({ name, takesNewcomers: !this.#drain.isOn, ...options, state, owner });
    return {
      participant,
      ...room.viewFor(participant),
      history: participant.client?.takesChat ? room.chat.history(chatAfter) : null,
      mediaResumed: participant.seat !== undefined,
      roomList: this.list.mode !== 'off',
      mayShareSound: mayShareSound(participant.admission, this.#sharesSound),
      ...(this.files.areAllowed && { fileKey: participant.fileKey.text }),
      draining: this.#drain.notice,
    };
  }

  /**
   * Lets somebody listen who was admitted. Throws `AppError` `nothing_to_hear` if there is no such room, `room_locked`,
   * `server_draining` or `server_closing`.
   */
  listen(wanted: string, admission: Admission, options: ListenerOptions): RoomListener {
    if (this.#closed) throw new AppError('server_closing');
    if (this.#drain.isOn) throw new AppError('server_draining');
    const room = this.#rooms.get(roomKey(wanted));
    if (room === undefined) throw new AppError('nothing_to_hear', undefined, { retryAfterMs: NOTHING_TO_HEAR_MS });
    return room.listeners.add(admission, options);
  }

  /** From now on new rooms follow these; those that are open keep their settings. */
  setDefaults(defaults: RegistryDefaults): void {
    this.#options = { ...this.#options, ...defaults };
    this.#chat = defaults.chat ?? this.#chat;
    this.#counts.setLimits(this.#options.limits);
  }

  /** All rooms, oldest first. */
  get rooms(): Iterable<Room> {
    return this.#rooms.values();
  }

  /** By `roomKey`. */
  known(key: string): Room | undefined {
    return this.#rooms.get(key);
  }

  /** Who may listen over HTTP to a room, which may not be open. */
  liveModeOf(name: string): LiveMode {
    return this.#rooms.get(roomKeyOrUndefined(name) ?? '')?.info.live ?? this.#options.live ?? 'off';
  }

  /** Throws `unknown_room`. */
  room(name: string): Room {
    const room = this.#rooms.get(roomKeyOrUndefined(name) ?? '');
    if (room === undefined) throw new AppError('unknown_room');
    return room;
  }

  /**
   * Opens a permanent room. Throws `invalid_room`, `room_exists`, `too_many_rooms`, `invalid_request`,
   * `invalid_channel` or `server_closing`.
   */
  create(wanted: NewRoom): Room {
    if (this.keeper.isShared && this.keeper.rooms.has(roomKey(wanted.name))) throw new AppError('room_exists');
    const room = this.restore(wanted);
    const { name: _, locked, ...settings } = wanted;
    if (locked) room.moderate({ type: 'lock', locked });
    this.keeper.changed(room, settings);
    return room;
  }

  /** The same for a room that is in the settings, or that is kept. */
  restore({ name: wanted, locked: _, password, ...settings }: NewRoom, decisions?: Decisions): Room {
    if (this.#closed) throw new AppError('server_closing');
    const name = roomName(wanted);
    const key = roomKey(name);
    if (this.#rooms.has(key)) throw new AppError('room_exists');
    this.#counts.check(this.#rooms.size);
    const named = withCheckedNames(key, settings);
    if (password !== undefined) this.#access.setPassword(key, password);
    return this.#open(name, { permanent: true, settings: named, decisions });
  }

  /** Throws `unknown_room`, or what `Room.change` throws. */
  change(name: string, { locked, password, ...settings }: RoomChange): Room {
    const room = this.room(name);
    room.change(settings);
    if (password !== undefined) this.#access.setPassword(room.key, password);
    if (locked !== undefined) room.moderate({ type: 'lock', locked });
    this.keeper.changed(room, { ...settings, password });
    return room;
  }

  /**
   * Moves a participant to another room, which is opened if it does not exist. Throws `unknown_room`,
   * `unknown_participant`, `invalid_room`, `room_full`, `identity_present`, `too_many_rooms` or `server_closing`.
   */
  move(from: string, participantId: string, to: string): Room {
    if (this.#closed) throw new AppError('server_closing');
    const room = this.room(from);
    const participant = room.participant(participantId);
    checkPerson(participant);
    const name = roomName(to);
    const target = this.#rooms.get(roomKey(name)) ?? this.#open(name);
    this.#transfer(participant, room, target);
    return target;
  }

  /**
   * Decides whether a participant may change to another room by themselves, as `AccessControl.readmit` does. Rejects
   * with `not_allowed` if there is no list of rooms.
   */
  async admitToSwitch(participant: Participant, wanted: AdmissionRequest, isWanted: () => boolean): Promise<Admission> {
    if (this.list.mode === 'off') throw new AppError('not_allowed', 'This server shows no list of rooms.');
    checkPerson(participant);
    const isHome = participant.home === roomKey(wanted.room);
    return this.#access.readmit({ holder: participant.admission, isHome }, wanted, isWanted);
  }

  /**
   * Moves a participant who was admitted to a room that exists. Throws `unknown_room`, `room_locked`, `room_full`,
   * `identity_present` or `server_closing`.
   */
  switch(participant: Participant, to: string, admission: Admission): void {
    if (this.#closed) throw new AppError('server_closing');
    this.#transfer(participant, this.room(participant.roomName), this.room(to), admission);
  }

  /** Whose resume token this is. Throws `unknown_participant`. */
  holder(room: string, resumeToken: string): Participant {
    const owner = this.#roomOfHolder(room, resumeToken)?.members.personWith(resumeToken);
    if (owner === undefined) throw new AppError('unknown_participant');
    return owner;
  }

  get #sharesSound(): boolean {
    return this.#options.shareSound !== false;
  }

  #transfer(participant: Participant, from: Room, to: Room, admission?: Admission): void {
    if (to === from) return;
    to.adopt(participant, from, admission);
    this.#movedTo.set(participant.resumeToken, to);
  }

  /** Admits nobody new from now on, and calls `onDrained` when everyone has left, or after `durationMs`. */
  drain(durationMs: Millis | null): DrainingState {
    if (this.#closed) throw new AppError('server_closing');
    return this.#drain.begin(durationMs);
  }

  /** Admits new participants again. */
  undrain(): void {
    if (this.#closed) throw new AppError('server_closing');
    this.#drain.cancel();
  }

  get draining(): DrainingState | null {
    return this.#drain.state;
  }

  /**
   * Another server has this room from now on, and clients are led there. Until they are, those who are here hear each
   * other; after that the room is to be closed. Undefined if it is not open.
   */
  leadAway(key: string, url: string): Room | undefined {
    const room = this.#rooms.get(key);
    if (room === undefined) return undefined;
    this.#rooms.delete(key);
    this.leaving.add(room);
    this.keeper.askForPassword(key);
    this.#options.log.info({ room: room.name, participants: room.size }, 'the room goes on at another server');
    for (const participant of [...room.all])
      if (participant.client?.takesRedirects) participant.deliver({ type: 'redirect', url });
    return room;
  }

  get figures(): RoomFigures {
    return figuresOf(this.#rooms);
  }

  /** Refuses joins from now on and ends everyone with `server_closing`. */
  close(): void {
    this.#closed = true;
    this.#drain.close();
    this.list.close();
    this.#access.close();
    for (const room of [...this.#rooms.values(), ...this.leaving]) room.close('server_closing');
    this.#movedTo.clear();
    this.files.store.close();
  }

  /** Opens a room that is kept, or of the settings, if it is not open. */
  openKept(key: string): void {
    const { name } = this.keeper.find(key) ?? {};
    if (!this.#closed && name !== undefined && !this.#rooms.has(key)) this.#open(name);
  }

  #open(wanted: string, { permanent: isNew = false, settings, from, decisions }: Opening = {}): Room {
    const key = roomKey(wanted);
    const kept = isNew ? undefined : this.keeper.find(key);
    const { name, permanent } = kept ?? { name: wanted, permanent: isNew };
    this.#counts.check(this.#rooms.size);
    const addressClosed = this.#counts.add(kept === undefined ? from : undefined);
    const { plane, limits, clock, log } = this.#options;
    log.info({ room: name, permanent }, 'room opened');
    const room = new Room({
      name,
      key,
      permanent,
      settings: { ...defaultSettings(this.#options), ...kept?.settings, ...settings },
      chatKeeping: this.#chat,
      files: this.files.store,
      plane,
      resumeTimeoutMs: limits.resumeTimeoutMs,
      bans: this.#access.bans,
      resumes: this.#resumes,
      decisions: decisions ?? kept,
      entry: () => this.#access.entryOf(key),
      observer: this.#observer,
      rosterLimit: limits.rosterLimit ?? 0,
      limitCounts: this.#limitCounts,
      textCounts: this.textCounts,
      recorder: this.#options.recorder,
      clock,
      log,
      onLinksChanged: () => this.#links.changed(key),
      onLeft: ({ id, resumeToken }) => {
        this.files.store.senderLeft(id);
        this.#movedTo.delete(resumeToken);
        this.#drain.check();
      },
      onDecided: (decided, action) => this.keeper.decided(decided, action),
      onClosed: (reason) => {
        addressClosed();
        // One that was led away goes on at another server, or is here again.
        if (!this.leaving.delete(room)) {
          if (reason !== 'server_closing') this.keeper.closed({ key });
          this.#rooms.delete(key);
          this.#placement.released(key);
          this.keeper.askForPassword(key);
        }
        this.#links.changed(key);
      },
    });
    this.#rooms.set(key, room);
    this.#placement.opened(key);
    this.#links.changed(key);
    return room;
  }

  /** The holder of this resume token is in the room that they were moved to. */
  #roomOfHolder(name: string, resumeToken: string | undefined): Room | undefined {
    return (resumeToken !== undefined && this.#movedTo.get(resumeToken)) || this.#rooms.get(roomKey(name));
  }
}
