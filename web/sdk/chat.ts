import type { ChatLine, ChatRules } from '../../src/protocol/chat.ts';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import type { Requests } from './requests.ts';

/** A line as this participant has received it. */
export interface ChatEntry extends ChatLine {
  /** The id of the only other participant who received it, or null if everyone in the room did. */
  readonly to: string | null;
}

export interface ChatState {
  /** Oldest first. */
  readonly lines: readonly ChatEntry[];
  /** Null: there is no chat in this room. */
  readonly rules: ChatRules | null;
}

export interface SayOptions {
  /** The id of the only participant who receives it. */
  readonly to?: string;
  /** The ids of participants mentioned in it. */
  readonly mentions?: readonly string[];
  /** The id of a file that was uploaded with a grant. */
  readonly file?: string;
}

/** More than the server keeps. */
const MAX_LINES = 1000;

/** The chat of the room. Texts are as people wrote them: show them as text, and isolate their direction. */
export class Chat {
  readonly #requests: Requests;
  readonly #onChange: (state: ChatState) => void;
  readonly #onLine: (line: ChatEntry) => void;
  #state: ChatState = { lines: [], rules: null };
  #mark: string | undefined;

  /** @internal */
  constructor(requests: Requests, onChange: (state: ChatState) => void, onLine: (line: ChatEntry) => void) {
    this.#requests = requests;
    this.#onChange = onChange;
    this.#onLine = onLine;
  }

  get state(): ChatState {
    return this.#state;
  }

  /**
   * How far the chat is known, for the next join.
   * @internal
   */
  get mark(): string | undefined {
    return this.#mark;
  }

  /** Writes a line. Resolves when the server has it; rejects with a `VoiceError`, which may have `retryAfterMs`. */
  say(text: string, options?: SayOptions): Promise<void> {
    return this.#requests.ask({ type: 'say', text, ...options }, { isQuiet: true });
  }

  /**
   * Asks for a place for a file of this size. Resolves with the grant with which it is uploaded, in pieces of at most
   * 256 KiB: POST `/files/new/GRANT?at=OFFSET`.
   */
  async offerFile(name: string, bytes: number): Promise<string> {
    type Offered = Extract<ServerMessage, { readonly type: 'file_offered' }>;
    return (await this.#requests.ask<Offered>({ type: 'offer_file', name, bytes }, { isQuiet: true })).grant;
  }

  /** Changes one's own line. */
  edit(id: string, text: string, mentions: readonly string[] = []): Promise<void> {
    return this.#requests.ask({ type: 'edit', id, text, mentions }, { isQuiet: true });
  }

  /** Deletes one's own line; moderators delete any. */
  unsay(id: string): Promise<void> {
    return this.#requests.ask({ type: 'unsay', id }, { isQuiet: true });
  }

  /**
   * Every message of the server.
   * @internal
   */
  receive(message: ServerMessage): void {
    const isElsewhere = message.type === 'moved';
    if (isElsewhere) this.#mark = undefined;
    if ('mark' in message) this.#mark = message.mark;
    switch (message.type) {
      case 'joined':
      case 'moved':
      case 'chat_updated':
        this.#set({ lines: isElsewhere || message.chat === null ? [] : this.#state.lines, rules: message.chat });
        break;
      case 'chat_history': {
        const gone = new Set(message.unsaid);
        const kept = message.complete ? [] : this.#state.lines.filter(({ id }) => !gone.has(id));
        this.#setLines(merged(kept, message.lines.map(toAll)));
        break;
      }
      case 'said': {
        const line = { ...message.line, to: message.to };
        this.#setLines(merged(this.#state.lines, [line]));
        this.#onLine(line);
        break;
      }
      case 'edited':
        this.#setLines(this.#state.lines.map((line) => (line.id === message.line.id ? toAll(message.line) : line)));
        break;
      case 'unsaid':
        this.#setLines(this.#state.lines.filter(({ id }) => id !== message.id));
        break;
    }
  }

  /**
   * The participant has left the room.
   * @internal
   */
  leave(): void {
    this.#mark = undefined;
    this.#set({ lines: [], rules: null });
  }

  #setLines(lines: readonly ChatEntry[]): void {
    this.#set({ ...this.#state, lines: lines.slice(-MAX_LINES) });
  }

  #set(state: ChatState): void {
    this.#state = state;
    this.#onChange(state);
  }
}

function toAll(line: ChatLine): ChatEntry {
  return { ...line, to: null };
}

/** New lines come last; known ones are replaced where they are. */
function merged(before: readonly ChatEntry[], news: readonly ChatEntry[]): ChatEntry[] {
  const lines = new Map(before.map((line) => [line.id, line]));
  for (const line of news) lines.set(line.id, line);
  return [...lines.values()];
}
