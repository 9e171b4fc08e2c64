/** What a Mumble client that is in asks for, and what it is told of its room. */
import type { Clock } from '../../lib/clock.ts';
import { MAX_CHAT_LENGTH } from '../../protocol/bounds.ts';
import type { RoomEvent } from '../../rooms/events.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { roomOf } from '../../rooms/room-of.ts';
import { permissionsOf } from './permissions.ts';
import { ROOT_CHANNEL, type Roster } from './roster.ts';
import type { MumbleSession } from './session.ts';
import { AGREED, isAgreement, NOT_RECORDED, recordingWords } from './shared/consent.ts';
import { fromHtml, toHtml } from './shared/html.ts';
import { DENY, PERMISSION, type Received, TYPE } from './wire/messages.ts';

export interface RequestOptions {
  readonly registry: RoomRegistry;
  readonly roster: Roster;
  readonly clock: Clock;
}

type FieldsOf<N extends Received['name']> = Extract<Received, { readonly name: N }>['fields'];

/** A ban by a Mumble client has no time. */
const BAN_SECONDS = 24 * 3600;
const MS_PER_S = 1000;
/** Lists and rules that only their own servers have. */
const REFUSED_TYPES: ReadonlySet<number> = new Set([TYPE.banList, TYPE.acl, TYPE.userList]);

export class SessionRequests {
  readonly #session: MumbleSession;
  readonly #options: RequestOptions;
  /** They know that their room is heard outside. */
  #knowsListeners = false;

  constructor(session: MumbleSession, options: RequestOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** May throw `AppError`. */
  handle(message: Received): void {
    const session = this.#session;
    switch (message.name) {
      case 'ping':
        this.#answerPing(message.fields);
        return;
      case 'userState':
        this.#changeUser(message.fields);
        return;
      case 'userRemove':
        this.#kick(message.fields);
        return;
      case 'textMessage':
        this.#say(message.fields);
        return;
      case 'permissionQuery': {
        const { channelId = ROOT_CHANNEL } = message.fields;
        session.connection.send('permissionQuery', { channelId, permissions: permissionsOf(session.participant) });
        return;
      }
      case 'cryptSetup':
        this.#resync(message.fields);
        return;
      case 'voiceTarget':
        if (!session.targets.define(message.fields, session.participant)) this.#deny(PERMISSION.whisper);
        return;
      case 'channelState':
      case 'channelRemove':
        this.#deny(PERMISSION.makeChannel);
        return;
      case 'userStats':
        this.#answerStats(message.fields);
        return;
      default:
    }
  }

  /** A message that this server does not know in detail. */
  unknown(type: number): void {
    if (REFUSED_TYPES.has(type)) this.#deny(PERMISSION.write);
  }

  /** They are in a room, or in none. */
  entered(): void {
    const { participant } = this.#session;
    if (participant === null) return;
    const room = roomOf(this.#options.registry, participant);
    const { view } = room.recording;
    if (view !== null) this.#tellRecording(view.needsConsent);
    this.#knowsListeners = false;
    this.#tellListeners(room.listeners.count);
    if (room.space.view !== null)
      this.#session.tell('In this room people are heard from where they are, so you hear everybody as one mix.');
  }

  /** Something has happened in the room. */
  tell(event: RoomEvent): void {
    const session = this.#session;
    switch (event.type) {
      case 'said':
        this.#tellLine(event);
        return;
      case 'recording':
        if (event.recording !== null) this.#tellRecording(event.recording.needsConsent);
        else session.tell(NOT_RECORDED);
        return;
      case 'listeners':
        this.#tellListeners(event.listeners);
        return;
      case 'moved':
        this.entered();
        return;
      case 'server_draining':
        if (event.draining) session.tell('This server will shut down soon.');
        return;
      default:
    }
  }

  #tellRecording(needsConsent: boolean): void {
    this.#session.tell(recordingWords(needsConsent));
  }

  /** Once in each room, because the number may change each second. */
  #tellListeners(count: number): void {
    if (count === 0 || this.#knowsListeners) return;
    this.#knowsListeners = true;
    this.#session.tell('What is said in this room is also heard by people who are not in it.');
  }

  #tellLine({ line, to }: RoomEvent & { type: 'said' }): void {
    const { roster } = this.#options;
    const session = this.#session;
    // Clients show themselves what they write.
    if (line.from === session.participant?.id) return;
    const actor = roster.sessionOf(line.from);
    const file = line.file === undefined ? '' : ` [${line.file.name}]`;
    const by = actor === undefined ? `${line.name}: ` : '';
    session.connection.send('textMessage', {
      actor,
      ...(to === null ? { channelIds: [session.channelId] } : { sessions: [session.session] }),
      message: toHtml(`${by}${line.text}${file}`),
    });
  }

  #answerPing({ timestamp, good = 0, late = 0, lost = 0, udpPackets = 0, tcpPackets = 0 }: FieldsOf<'ping'>): void {
    const { downlink, connection } = this.#session;
    const own = downlink.crypt.counts;
    downlink.pinged({ good, saysNothing: good + late + lost + udpPackets + tcpPackets === 0 });
    connection.send('ping', { timestamp, good: own.good, late: own.late, lost: own.lost, resync: own.resyncs });
  }

  #changeUser(fields: FieldsOf<'userState'>): void {
    const session = this.#session;
    if (fields.session !== undefined && fields.session !== session.session) {
      this.#moderate(fields.session, fields);
      return;
    }
    const { selfMute, selfDeaf, channelId, temporaryAccessTokens } = fields;
    if (fields.recording === true) {
      session.remove('Recording is not allowed here.');
      return;
    }
    if (fields.comment !== undefined || fields.texture !== undefined)
      session.connection.send('permissionDenied', { type: DENY.textTooLong });
    if (fields.mute !== undefined || fields.deaf !== undefined || fields.prioritySpeaker !== undefined)
      this.#deny(PERMISSION.muteDeafen);
    if (fields.userId !== undefined) this.#deny(PERMISSION.register);
    if (fields.listeningChannelAdd.length > 0) this.#deny(PERMISSION.traverse);
    session.addSecrets(temporaryAccessTokens);
    if (selfMute !== undefined || selfDeaf !== undefined) this.#setSelf(selfMute, selfDeaf);
    if (channelId !== undefined && channelId !== session.channelId) this.#enter(channelId);
  }

  /** Whoever is deaf is muted, and whoever unmutes hears again. */
  #setSelf(mute: boolean | undefined, deaf: boolean | undefined): void {
    const { selfMute, selfDeaf } = this.#session;
    const isDeaf = deaf ?? (mute === false ? false : selfDeaf);
    this.#session.setSelf(deaf === true || (mute ?? selfMute), isDeaf);
  }

  #enter(channelId: number): void {
    const room = this.#options.roster.roomOf(channelId, this.#session);
    if (room === undefined && channelId !== ROOT_CHANNEL) this.#deny(PERMISSION.enter);
    else void this.#session.enter(room);
  }

  #moderate(target: number, { mute, deaf, channelId, prioritySpeaker, userId }: FieldsOf<'userState'>): void {
    const participantId = this.#participantOf(target);
    const isOther =
      deaf !== undefined || channelId !== undefined || prioritySpeaker !== undefined || userId !== undefined;
    if (isOther || mute === undefined || participantId === undefined) this.#deny(PERMISSION.muteDeafen);
    else this.#session.participant?.moderate({ type: 'mute_participant', participantId, muted: mute });
  }

  #kick({ session: target, ban = false }: FieldsOf<'userRemove'>): void {
    const participantId = target === undefined ? undefined : this.#participantOf(target);
    if (participantId === undefined) this.#deny(PERMISSION.kick);
    else this.#session.participant?.moderate({ type: 'kick', participantId, banSeconds: ban ? BAN_SECONDS : 0 });
  }

  /** Somebody in the same room. */
  #participantOf(session: number): string | undefined {
    return this.#options.roster.participantOf(session);
  }

  #say({ sessions, channelIds, treeIds, message = '' }: FieldsOf<'textMessage'>): void {
    const session = this.#session;
    const { participant, channelId } = session;
    const text = fromHtml(message).slice(0, MAX_CHAT_LENGTH);
    const isForChannel = [...channelIds, ...treeIds].every((id) => id === channelId);
    if (participant === null || !isForChannel || text === '') {
      this.#deny(PERMISSION.textMessage);
      return;
    }
    session.activeMs = this.#options.clock.now();
    if (sessions.length === 0) {
      if (isAgreement(text) && this.#awaitsConsent()) this.#agree();
      else participant.write({ type: 'say', text, mentions: [] });
    }
    for (const target of sessions) {
      const to = this.#participantOf(target);
      if (to === undefined) this.#deny(PERMISSION.textMessage);
      else participant.write({ type: 'say', text, to, mentions: [] });
    }
  }

  #awaitsConsent(): boolean {
    const { participant } = this.#session;
    if (participant === null || participant.sound.agreesToRecording) return false;
    return roomOf(this.#options.registry, participant).recording.view?.needsConsent === true;
  }

  #agree(): void {
    this.#session.participant?.sound.agreeToRecording();
    this.#session.tell(AGREED);
  }

  #resync({ key, clientNonce, serverNonce }: FieldsOf<'cryptSetup'>): void {
    const { connection, downlink } = this.#session;
    if (key !== undefined || serverNonce !== undefined) return;
    if (clientNonce === undefined) connection.send('cryptSetup', { serverNonce: downlink.crypt.sendIv });
    else downlink.crypt.resync(clientNonce);
  }

  /** Nobody learns addresses or certificates. */
  #answerStats({ session: wanted }: FieldsOf<'userStats'>): void {
    const own = this.#session;
    const nowMs = this.#options.clock.now();
    const of = wanted === own.session ? own : undefined;
    const times = of && {
      onlineSeconds: Math.floor((nowMs - of.loggedInMs) / MS_PER_S),
      idleSeconds: Math.floor((nowMs - of.activeMs) / MS_PER_S),
    };
    own.connection.send('userStats', { session: wanted, statsOnly: true, ...times });
  }

  #deny(permission: number): void {
    const { connection, channelId, session } = this.#session;
    connection.send('permissionDenied', { type: DENY.permission, permission, channelId, session });
  }
}
