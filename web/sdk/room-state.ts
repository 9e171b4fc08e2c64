import type { ClientMessageInput, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';
import { Hearing } from './hearing.ts';
import { type OwnState, withOwnState } from './join-message.ts';
import type { ParticipantActions } from './participant.ts';
import { type ListChange, type ListMessage, ParticipantList } from './participant-list.ts';
import { Roster } from './roster.ts';
import type { VoiceEvents } from './voice-events.ts';

export interface RoomStateOptions {
  readonly environment: Environment;
  readonly send: (message: ClientMessageInput) => void;
  readonly emit: <Name extends keyof VoiceEvents>(name: Name, payload: VoiceEvents[Name]) => void;
  readonly moderation: Pick<ParticipantActions, 'mute' | 'kick'>;
  /** This participant may have been muted by the server. */
  readonly onSelf: () => void;
}

type Entry = Extract<ServerMessage, { readonly type: 'joined' | 'moved' }>;

/** The room that the participant is in: its people, who speaks, and how loud they are heard. */
export class RoomState {
  readonly roster: Roster;
  readonly #options: RoomStateOptions;
  readonly #hearing: Hearing;
  readonly #list = new ParticipantList();
  #participantId: string | null = null;
  #name: string | null = null;
  #locked = false;

  constructor(options: RoomStateOptions) {
    this.#options = options;
    const { environment, send, moderation } = options;
    this.#hearing = new Hearing({
      environment,
      send,
      onChange: (gains) => options.emit('hearing', new Map(gains)),
    });
    this.roster = new Roster({
      gainOf: (id) => this.#hearing.gains.get(id) ?? 1,
      hear: (id, gain) => this.hear(id, gain),
      mute: (id, muted) => moderation.mute(id, muted),
      kick: (id, banSeconds) => moderation.kick(id, banSeconds),
    });
  }

  /** Null before the first join. */
  get participantId(): string | null {
    return this.#participantId;
  }

  /** The room's canonical name; null before the first join. */
  get name(): string | null {
    return this.#name;
  }

  get locked(): boolean {
    return this.#locked;
  }

  get participants(): ReadonlyMap<string, ParticipantInfo> {
    return this.#list.all;
  }

  get self(): ParticipantInfo | undefined {
    return this.#list.all.get(this.#participantId!);
  }

  get gains(): ReadonlyMap<string, number> {
    return this.#hearing.gains;
  }

  /** Throws `RangeError`. */
  hear(participantId: string, gain: number): void {
    const isSelf = participantId === this.#participantId;
    this.#hearing.set(isSelf ? undefined : this.#list.all.get(participantId), gain);
  }

  /** This participant is like this now. */
  updateSelf(own: OwnState): void {
    const { self } = this;
    if (!self) return;
    this.#list.set(withOwnState(self, own));
    this.#tellParticipants();
  }

  /** The participant is in this room now. Nobody is told before `announce`. */
  enter(entry: Entry): void {
    if (entry.type === 'joined') this.#participantId = entry.participantId;
    this.#name = entry.room;
    this.#list.replace(entry.participants);
    this.roster.sync(this.#list.all, this.#participantId);
  }

  announce(message: Entry): void {
    const { type, recording, mayRecord, soundKey, locked, entry, hearing, count } = message;
    this.#options.emit('recording', { type, recording, mayRecord, soundKey });
    this.#setLocked(locked);
    this.#options.emit('entry', entry);
    this.#options.emit('count', count);
    this.#tellParticipants();
    this.#hearing.enter(hearing, this.#list.except(this.#participantId));
  }

  receive(message: ServerMessage): void {
    if ('listeners' in message) this.#options.emit('listeners', message.listeners);
    switch (message.type) {
      case 'room_updated':
        this.#setLocked(message.locked);
        break;
      case 'moved':
        this.enter(message);
        this.announce(message);
        this.#options.emit('moved', message.room);
        break;
      case 'recording':
        this.#options.emit('recording', message);
        break;
      case 'people':
        if (message.participants) this.#list.replace(message.participants.concat(this.self ?? []));
        this.#options.emit('count', message.count);
        this.#tellParticipants();
        break;
      case 'hearing':
        this.#hearing.confirmed(message.participantId, message.gain);
        break;
      case 'levels':
        this.setLevels(new Map(message.speaking));
        break;
      default:
        if (message.type.startsWith('participant')) this.#listChanged(this.#list.apply(message as ListMessage));
    }
  }

  /** In dBov by participant id. */
  setLevels(levels: ReadonlyMap<string, number>): void {
    const isOther = this.roster.setLevels(levels);
    this.#options.emit('levels', levels);
    if (isOther) this.#options.emit('activeSpeakers', this.roster.active);
  }

  /** The participant has left the room. */
  leave(): void {
    this.#hearing.leave();
    this.#participantId = this.#name = null;
    this.#list.replace([]);
    this.roster.sync(this.#list.all, null);
    this.roster.setLevels(new Map());
  }

  #listChanged({ joined, left }: ListChange): void {
    this.#options.onSelf();
    this.#tellParticipants(new Map(left.map(({ participant, reason }) => [participant.id, reason])));
    this.#hearing.recall(joined);
    for (const participant of joined) this.#options.emit('participantJoined', participant);
    for (const leave of left) this.#options.emit('participantLeft', leave);
  }

  #setLocked(locked: boolean): void {
    this.#locked = locked;
    this.#options.emit('locked', locked);
  }

  #tellParticipants(reasons?: Parameters<Roster['sync']>[2]): void {
    this.roster.sync(this.#list.all, this.#participantId, reasons);
    this.#options.emit('participants', new Map(this.#list.all));
  }
}
