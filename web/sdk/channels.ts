import type {
  ChannelView,
  ClientMessageInput,
  ServerMessage,
  ShouterView,
  TalkView,
} from '../../src/protocol/messages.ts';

/** To whom this participant speaks. Omitted fields are false or empty. */
export interface TalkTarget {
  /** Everyone in the room. */
  readonly room?: boolean;
  /** Names of channels in which this participant may speak. */
  readonly channels?: readonly string[];
  /** Ids of participants to whom they whisper, 16 at most. */
  readonly to?: readonly string[];
  /** Everyone in the room and in the rooms linked to it (`shoutsTo`). */
  readonly shout?: boolean;
}

export interface ChannelState {
  /** The channels that this participant belongs to or may join. */
  readonly channels: readonly ChannelView[];
  readonly mayWhisper: boolean;
  /** Those who speak to this participant other than to everyone, by id. Show who whispers. */
  readonly talking: ReadonlyMap<string, TalkView>;
  /** The linked rooms to which this participant may shout. */
  readonly shoutsTo: readonly string[];
  /** Those who shout in linked rooms, and are heard here. */
  readonly shouting: readonly ShouterView[];
}

const EVERYONE: TalkTarget = { room: true };

/** Channels of the room, and whispers. */
export class Channels {
  readonly #send: (message: ClientMessageInput) => void;
  readonly #onChange: (state: ChannelState) => void;
  #target = EVERYONE;
  #state: ChannelState = { channels: [], mayWhisper: false, talking: new Map(), shoutsTo: [], shouting: [] };

  /** @internal */
  constructor(send: (message: ClientMessageInput) => void, onChange: (state: ChannelState) => void) {
    this.#send = send;
    this.#onChange = onChange;
  }

  get state(): ChannelState {
    return this.#state;
  }

  get target(): TalkTarget {
    return this.#target;
  }

  /** From now on only these hear this participant. The server answers with an error if that is not allowed. */
  talkTo(target: TalkTarget): void {
    this.#target = target;
    this.#send({ type: 'talk_to', ...target });
  }

  /** Joins an open channel, to hear it and to be allowed to speak in it. */
  join(channel: string): void {
    this.#send({ type: 'join_channel', channel });
  }

  leave(channel: string): void {
    this.#send({ type: 'leave_channel', channel });
  }

  /**
   * Every message of the server.
   * @internal
   */
  receive(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
      case 'moved': {
        const { channels, mayWhisper, shoutsTo, shouting = [] } = message;
        const talking = new Map(message.talking.map((view) => [view.participantId, view]));
        this.#set({ channels, mayWhisper, talking, shoutsTo, shouting });
        // A key may have been released while the connection was broken.
        if (message.type === 'moved') this.#target = EVERYONE;
        else if (this.#target !== EVERYONE) this.talkTo(this.#target);
        break;
      }
      case 'channels':
        this.#set({ ...this.#state, channels: message.channels });
        break;
      case 'shouts_to':
        this.#set({ ...this.#state, shoutsTo: message.rooms });
        break;
      case 'shouting':
        this.#set({ ...this.#state, shouting: message.shouters });
        break;
      case 'talking': {
        const { participantId, channels, whispers } = message;
        const talking = new Map(this.#state.talking);
        if (channels.length > 0 || whispers) talking.set(participantId, { participantId, channels, whispers });
        else talking.delete(participantId);
        this.#set({ ...this.#state, talking });
        break;
      }
    }
  }

  #set(state: ChannelState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
