import { randomUUID } from 'node:crypto';
import type { Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import type { ChatLine, ChatRules } from '../../protocol/chat.ts';
import type { EventOf } from '../events.ts';
import { FanOutBudget, type FanOutRates } from '../fan-out-budget.ts';
import { publicKeyOf } from '../hearing.ts';
import type { Participant } from '../participant.ts';
import type { TextCounts } from '../text-counts.ts';
import { ChatHistory } from './chat-history.ts';
import { ChatRates } from './chat-rates.ts';
import { chatText } from './chat-text.ts';
import type { FileStore } from './file-store.ts';

/** What a participant does in the chat. */
export type ChatAction =
  | {
      readonly type: 'say';
      readonly text: string;
      readonly to?: string | undefined;
      readonly mentions: readonly string[];
      /** The id of a file that they have uploaded. */
      readonly file?: string | undefined;
      readonly requestId?: number | undefined;
    }
  | {
      readonly type: 'edit';
      readonly id: string;
      readonly text: string;
      readonly mentions: readonly string[];
      readonly requestId?: number | undefined;
    }
  | { readonly type: 'unsay'; readonly id: string; readonly requestId?: number | undefined };

/** What the server keeps of every room's chat. */
export interface ChatKeeping {
  readonly keptLines: number;
  readonly keptHours: number;
}

export interface RoomChatOptions {
  /** Everyone in the room by id. */
  readonly participants: ReadonlyMap<string, Participant>;
  readonly keeping: ChatKeeping;
  /** Of all rooms. */
  readonly files: FileStore;
  /** As `roomKey` returns it. */
  readonly room: string;
  readonly settings: () => { readonly chat: boolean; readonly slowModeSeconds: number };
  readonly limitCounts: LimitCounts;
  readonly textCounts: TextCounts;
  readonly clock: Clock;
}

/** What a participant receives about the chat when they enter. */
export interface ChatView {
  readonly chat: ChatRules | null;
}

type ChatEvent = EventOf<'said' | 'edited' | 'unsaid' | 'chat_updated'>;

const HOUR_MS: Millis = 3_600_000;
/** To each half of what news of participants may take. */
export const CHAT_RATES: FanOutRates = { each: 8192, inAll: 2_097_152 };

/** The chat of one room. Its history is forgotten with the room. */
export class RoomChat {
  readonly #options: RoomChatOptions;
  readonly #history: ChatHistory;
  readonly #rates = new ChatRates();
  readonly #budget = new FanOutBudget(CHAT_RATES);

  constructor(options: RoomChatOptions) {
    this.#options = options;
    const { keptLines, keptHours } = options.keeping;
    this.#history = new ChatHistory({ keptLines, keptMs: keptHours * HOUR_MS, clock: options.clock });
  }

  /** Null while the chat is off. */
  get rules(): ChatRules | null {
    const { keeping, files, settings } = this.#options;
    const { chat, slowModeSeconds } = settings();
    const { maxBytes, keptMinutes } = files.limits;
    if (!chat) return null;
    return { ...keeping, slowModeSeconds, ...(maxBytes > 0 && { files: { maxBytes, keptMinutes } }) };
  }

  /** What a client has missed that knows the chat up to `mark`; null if there is no chat. */
  history(mark?: string): EventOf<'chat_history'> | null {
    return this.#options.settings().chat ? this.#history.since(mark) : null;
  }

  /** The settings have changed. */
  rulesChanged(): void {
    if (!this.#options.settings().chat) this.#clear();
    this.#tell({ type: 'chat_updated', chat: this.rules });
  }

  /**
   * Throws `chat_off`, `not_allowed`, `invalid_text`, `too_many_lines`, `slow_mode`, `unknown_line`,
   * `unknown_participant`, `unknown_chat_file` or `not_delivered`; then nothing has changed.
   */
  act(writer: Participant, action: ChatAction): void {
    if (!this.#options.settings().chat) throw new AppError('chat_off');
    switch (action.type) {
      case 'say':
        if (action.to === undefined) this.#say(writer, action);
        else this.#sayTo(action.to, writer, action);
        break;
      case 'edit':
        this.#edit(writer, action);
        break;
      case 'unsay':
        this.#unsay(writer, action);
        break;
    }
  }

  /** Throws `chat_off` or `not_allowed` if this participant may not send files here. */
  checkFilesOf(writer: Participant): void {
    if (!this.#options.settings().chat) throw new AppError('chat_off');
    this.#mayWrite(writer);
  }

  close(): void {
    this.#clear();
  }

  #clear(): void {
    this.#history.clear();
    this.#options.files.forgetRoom(this.#options.room);
  }

  #say(writer: Participant, action: Extract<ChatAction, { type: 'say' }>): void {
    const { textCounts, clock } = this.#options;
    const author = publicKeyOf(writer);
    const slowModeMs = writer.mayModerate ? 0 : 1000 * this.#options.settings().slowModeSeconds;
    this.#mayWrite(writer);
    if (action.file !== undefined) this.#options.files.checkSendable(writer.id, action.file);
    this.#limited(() => this.#rates.checkSlowMode(author, slowModeMs, clock.now()));
    this.#take(author);
    const fields = this.#fieldsOf(writer, action);
    this.#mayTell();
    const line = this.#history.add({ ...fields, ...this.#sendFile(writer, action) }, author);
    this.#rates.wrote(author, clock.now());
    textCounts.lines++;
    this.#tell({ type: 'said', line, to: null, mark: line.id }, writer, action.requestId);
  }

  #sayTo(to: string, writer: Participant, action: Extract<ChatAction, { type: 'say' }>): void {
    const { participants, textCounts, clock } = this.#options;
    this.#mayWrite(writer);
    this.#take(publicKeyOf(writer));
    const receiver = to === writer.id ? undefined : participants.get(to);
    if (receiver === undefined) throw new AppError('unknown_participant');
    if (!receiver.client?.takesChat) throw new AppError('not_delivered');
    if (action.file !== undefined) this.#options.files.checkSendable(writer.id, action.file);
    const fields = this.#fieldsOf(writer, action);
    this.#mayTell();
    const line = { ...fields, ...this.#sendFile(writer, action), id: randomUUID() };
    const event: ChatEvent = { type: 'said', line, to, mark: this.#history.mark };
    // Counted as if everyone had received it, so that many together cannot send one person more than that.
    this.#budget.spend(clock.now(), sizeOf(line), 2);
    textCounts.privateLines++;
    receiver.deliver(event);
    writer.deliver(withId(event, action.requestId));
  }

  #edit(writer: Participant, action: Extract<ChatAction, { type: 'edit' }>): void {
    this.#mayWrite(writer);
    this.#take(publicKeyOf(writer));
    const before = this.#lineOf(writer, action.id);
    const { text, mentions } = this.#fieldsOf(writer, { ...action, file: before.file?.id });
    const line: ChatLine = { ...before, text, mentions, edited: true };
    this.#mayTell();
    this.#history.replace(line);
    this.#tell({ type: 'edited', line, mark: this.#history.mark }, writer, action.requestId);
  }

  #unsay(writer: Participant, { id, requestId }: Extract<ChatAction, { type: 'unsay' }>): void {
    const file = this.#history.find(id)?.line.file;
    if (writer.mayModerate) {
      if (this.#history.find(id) === undefined) throw new AppError('unknown_line');
    } else {
      this.#take(publicKeyOf(writer));
      this.#lineOf(writer, id);
    }
    this.#history.delete(id);
    if (file !== undefined) this.#options.files.delete(file.id);
    this.#tell({ type: 'unsaid', id, by: writer.id, mark: this.#history.mark }, writer, requestId);
  }

  #mayWrite({ mayChat }: Participant): void {
    if (!mayChat) throw new AppError('not_allowed');
  }

  #take(author: string): void {
    this.#limited(() => this.#rates.take(author, this.#options.clock.now()));
  }

  #limited(check: () => void): void {
    try {
      check();
    } catch (thrown) {
      this.#options.limitCounts.hit('chat_lines_per_second');
      throw thrown;
    }
  }

  /** Throws if more than the room's budget is spent: then nobody's connection has to carry more. */
  #mayTell(): void {
    const waitMs = this.#budget.waitMs(this.#options.clock.now());
    if (waitMs === 0) return;
    this.#options.limitCounts.hit('chat_bytes');
    throw new AppError('too_many_lines', 'Everyone in the room together wrote too much.', {
      retryAfterMs: Math.ceil(waitMs),
    });
  }

  /** A line of this writer. */
  #lineOf(writer: Participant, id: string): ChatLine {
    const found = this.#history.find(id);
    if (found === undefined) throw new AppError('unknown_line');
    if (found.author !== publicKeyOf(writer)) throw new AppError('not_allowed');
    return found.line;
  }

  #fieldsOf(
    writer: Participant,
    { text, mentions, file }: Pick<Extract<ChatAction, { type: 'say' }>, 'text' | 'mentions' | 'file'>,
  ): Omit<ChatLine, 'id'> {
    const { participants, clock } = this.#options;
    return {
      from: writer.id,
      identity: writer.admission.identity,
      name: writer.name,
      text: file !== undefined && text.trim() === '' ? '' : chatText(text),
      atMs: clock.wallNow(),
      mentions: [...new Set(mentions)].filter((id) => participants.has(id)),
      edited: false,
    };
  }

  /** The file of a line that is about to be written, if it has one. */
  #sendFile({ id }: Participant, { file, to }: Extract<ChatAction, { type: 'say' }>): Pick<ChatLine, 'file'> {
    if (file === undefined) return {};
    const { files, room } = this.#options;
    return { file: files.send(id, file, room, to === undefined ? null : new Set([id, to])) };
  }

  /** Tells everyone who shows the chat. The writer's own client recognises its message by the `requestId`. */
  #tell(event: ChatEvent, writer?: Participant, requestId?: number): void {
    const { participants, clock } = this.#options;
    let listeners = 0;
    for (const participant of participants.values()) {
      if (!participant.client?.takesChat) continue;
      listeners++;
      participant.deliver(participant === writer ? withId(event, requestId) : event);
    }
    this.#budget.spend(clock.now(), sizeOf(event), listeners);
  }
}

function withId(event: ChatEvent, requestId: number | undefined): ChatEvent {
  return requestId === undefined || event.type === 'chat_updated' ? event : { ...event, requestId };
}

function sizeOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
