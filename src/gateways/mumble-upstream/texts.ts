/** Texts between the chat of a room and a channel of another Mumble server. */
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
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
  readonly clock: Clock;
}

/**
 * Of one client Mumble's own server takes a message a second after five, and drops others without a word. So what
 * somebody must know has a share that no chat can use up.
 */
const LINES = { perSecond: 0.6, burst: 2 } as const;
const NOTICES = { perSecond: 0.3, burst: 1 } as const;

type Text = Parameters<ServerClientEvents['text']>[0];

export class Texts {
  readonly #options: TextsOptions;
  readonly #lines: TokenBucket;
  readonly #notices: TokenBucket;
  /** Who has to be told whether the room is recorded. */
  readonly #untold = new Set<Visitor>();

  constructor(options: TextsOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#lines = new TokenBucket({ ...LINES, now });
    this.#notices = new TokenBucket({ ...NOTICES, now });
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
    if (event.type === 'recording') for (const visitor of visitors.all) this.#untold.add(visitor);
    if (client === undefined || channelId === undefined || visitors.hasStranger) return;
    if (event.type === 'said' && visitors.byParticipant(event.line.from) === undefined) {
      const mouth = mouths.byParticipant(event.line.from);
      const text = textOf(event);
      if (mouth !== undefined) mouth.write(toHtml(text), { channelId });
      else this.#writeLine(`${event.line.name}: ${text}`, { channelId });
    }
  }

  /** Somebody of the room has written to one user of the server. */
  toVisitor({ participant, user: { session } }: Visitor, event: RoomEvent): void {
    // Whoever writes to one person is shown it as well.
    if (event.type !== 'said' || event.line.from === participant.id) return;
    const mouth = this.#options.mouths.byParticipant(event.line.from);
    if (mouth !== undefined) mouth.write(toHtml(textOf(event)), { sessions: [session] });
    else this.#writeLine(`${event.line.name}: ${textOf(event)}`, { sessions: [session] });
  }

  /** Somebody new is in the room. */
  came(visitor: Visitor): void {
    if (this.#recording !== null) this.#untold.add(visitor);
  }

  /**
   * Tells those who are to know it whether the room is recorded: all at once, and those outside of the channel, who
   * hear it through a link or listen to it, by themselves. Call it about once a second, and when something has changed.
   */
  look(): void {
    const { client, channelId } = this.#options.ear;
    const { visitors, clock } = this.#options;
    for (const visitor of this.#untold) if (visitors.of(visitor.user.session) !== visitor) this.#untold.delete(visitor);
    if (client === undefined || this.#untold.size === 0) return;
    const recording = this.#recording;
    const words = toHtml(recording === null ? NOT_RECORDED : recordingWords(recording.needsConsent));
    for (const isInside of [true, false]) {
      const some = [...this.#untold].filter(({ user }) => (user.channelId === channelId) === isInside);
      if (some.length === 0) continue;
      if (!this.#notices.take(clock.now())) return;
      client.write(words, { sessions: some.map(({ user }) => user.session) });
      for (const visitor of some) this.#untold.delete(visitor);
    }
  }

  /** A line of the server itself to one user. */
  tell({ user: { session } }: Visitor, text: string): void {
    this.#options.ear.client?.write(toHtml(text), { sessions: [session] });
  }

  get #recording(): Room['recording']['view'] {
    return this.#options.room()?.recording.view ?? null;
  }

  /** By the one who speaks for many. */
  #writeLine(text: string, to: Parameters<Mouth['write']>[1]): void {
    const { ear, clock } = this.#options;
    if (this.#lines.take(clock.now())) ear.client?.write(toHtml(text), to);
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
