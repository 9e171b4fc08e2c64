import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import { Channels } from './channels.ts';
import { Chat } from './chat.ts';
import { Data } from './data.ts';
import type { Environment } from './environment.ts';
import { Moderation } from './moderation.ts';
import { PlayerPose } from './player-pose.ts';
import { Requests } from './requests.ts';
import { Rooms } from './rooms.ts';
import type { ListPeople, VoiceEvents } from './voice-events.ts';

export interface RoomServicesOptions {
  readonly environment: Environment;
  readonly send: (message: ClientMessageInput) => void;
  readonly emit: <Name extends keyof VoiceEvents>(name: Name, payload: VoiceEvents[Name]) => void;
}

/** What a participant can do in a room besides speaking. */
export class RoomServices {
  readonly moderation: Moderation;
  readonly channels: Channels;
  readonly player: PlayerPose;
  readonly chat: Chat;
  readonly data: Data;
  readonly rooms: Rooms;
  readonly #requests: Requests;

  constructor({ environment, send, emit }: RoomServicesOptions) {
    this.#requests = new Requests(environment, send);
    this.moderation = new Moderation(this.#requests);
    this.channels = new Channels(send, (state) => emit('channels', state));
    this.player = new PlayerPose(environment, send);
    this.chat = new Chat(
      this.#requests,
      (state) => emit('chat', state),
      (line) => emit('chatLine', line),
    );
    this.data = new Data(this.#requests);
    this.rooms = new Rooms(send, (list) => emit('rooms', list));
  }

  readonly listPeople: ListPeople = (query) => this.ask({ type: 'list_people', ...query });

  /** Only the caller is told of an error. */
  ask<Answer = void>(request: Parameters<Requests['ask']>[0]): Promise<Answer> {
    return this.#requests.ask(request, { isQuiet: true });
  }

  /** Every message of the server. True if it is an error of which only its request's caller is told. */
  receive(message: ServerMessage): boolean | undefined {
    this.channels.receive(message);
    this.player.receive(message);
    this.chat.receive(message);
    this.data.receive(message);
    this.rooms.receive(message);
    return this.#requests.receive(message);
  }

  /** The connection is lost. */
  lost(): void {
    this.#requests.lost();
  }

  /** The participant has left the room. */
  left(): void {
    this.lost();
    this.player.left();
    this.chat.leave();
  }
}
