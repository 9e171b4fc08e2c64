/** Texts between the chat of a room and a channel of another Mumble server. */
import { AppError } from '../../lib/errors.ts';
import { MAX_CHAT_LENGTH } from '../../protocol/bounds.ts';
import type { RoomEvent } from '../../rooms/events.ts';
import type { Room } from '../../rooms/room.ts';
import { AGREED, isAgreement, NOT_RECORDED, recordingWords } from '../mumble/shared/consent.ts';
import { fromHtml, toHtml } from '../mumble/shared/html.ts';
import type { Ear } from './ear.ts';
import type { Mouth } from './mouth.ts';
import type { Mouths } from './mouths.ts';
import type { ServerClientEvents } from './server-client.ts';
import type { Visitor } from './visitor.ts';
import type { Visitors } from './visitors.ts';

export interface TextsOptions {
  readonly ear: Ear;
  readonly visitors: Visitors;
  readonly mouths: Mouths;
  /** Undefined while it is not open. */
  readonly room: () => Room | undefined;
}

type Text = Parameters<ServerClientEvents['text']>[0];

export class Texts {
  readonly #options: TextsOptions;

  constructor(options: TextsOptions) {
    this.#options = options;
  }

  /** Somebody on the server has written to the channel, or to the client that listens. */
  fromUser({ actor = 0, sessions, message = '' }: Text): void {
    const { visitors, room } = this.#options;
    const visitor = visitors.of(actor);
    const text = fromHtml(message).slice(0, MAX_CHAT_LENGTH);
    if (visitor === undefined || text === '') return;
    const { participant } = visitor;
    const needsConsent = room()?.recording.view?.needsConsent === true;
    if (needsConsent && isAgreement(text) && !participant.sound.agreesToRecording) {
      participant.sound.agreeToRecording();
      this.tell(visitor, AGREED);
    } else if (sessions.length === 0) say(visitor, text);
  }

  /** Somebody on the server has written to one person of the room. */
  fromUserTo({ participant, session }: Mouth, { actor = 0, sessions, message = '' }: Text): void {
    const visitor = this.#options.visitors.of(actor);
    const text = fromHtml(message).slice(0, MAX_CHAT_LENGTH);
    if (visitor !== undefined && text !== '' && sessions.includes(session)) say(visitor, text, participant.id);
  }

  /** Something has happened in the room that everybody there should know. */
  toAll(event: RoomEvent): void {
    const { ear, visitors, mouths } = this.#options;
    const { client, channelId } = ear;
    if (client === undefined || channelId === undefined || visitors.hasStranger) return;
    if (event.type === 'recording') {
      const text = event.recording === null ? NOT_RECORDED : recordingWords(event.recording.needsConsent);
      client.write(toHtml(text), { channelId });
    } else if (event.type === 'said' && visitors.byParticipant(event.line.from) === undefined) {
      const mouth = mouths.byParticipant(event.line.from);
      const text = textOf(event);
      if (mouth !== undefined) mouth.write(toHtml(text), { channelId });
      else client.write(toHtml(`${event.line.name}: ${text}`), { channelId });
    }
  }

  /** Somebody of the room has written to one user of the server. */
  toVisitor({ participant, user: { session } }: Visitor, event: RoomEvent): void {
    // Whoever writes to one person is shown it as well.
    if (event.type !== 'said' || event.line.from === participant.id) return;
    const { ear, mouths } = this.#options;
    const mouth = mouths.byParticipant(event.line.from);
    if (mouth !== undefined) mouth.write(toHtml(textOf(event)), { session });
    else ear.client?.write(toHtml(`${event.line.name}: ${textOf(event)}`), { session });
  }

  /** A line of the server itself to one user. */
  tell({ user: { session } }: Visitor, text: string): void {
    this.#options.ear.client?.write(toHtml(text), { session });
  }
}

function textOf({ line: { text, file } }: RoomEvent & { type: 'said' }): string {
  return file === undefined ? text : `${text} [${file.name}]`.trim();
}

/** As if they had written it in the room; what the rules of its chat do not allow is left out. */
function say({ participant }: Visitor, text: string, to?: string): void {
  try {
    participant.write({ type: 'say', text, mentions: [], ...(to !== undefined && { to }) });
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
  }
}
