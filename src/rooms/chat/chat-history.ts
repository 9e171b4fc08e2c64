import { randomBytes } from 'node:crypto';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { ChatLine } from '../../protocol/chat.ts';
import type { EventOf } from '../events.ts';

export interface ChatHistoryOptions {
  /** How many lines newcomers receive; 0: none. */
  readonly keptLines: number;
  /** Nothing is kept for longer. */
  readonly keptMs: Millis;
  readonly clock: Clock;
}

/** Who wrote a line, as `publicKeyOf` returns it. */
type Author = string;

interface Kept {
  line: ChatLine;
  readonly author: Author;
  readonly sinceMs: Millis;
  bytes: number;
  /** The number of the latest change of this line. */
  changedAt: number;
}

/** For all lines of a room together, as JSON. */
export const MAX_KEPT_BYTES = 131_072;
/** At least this many lines can be edited and deleted, even if newcomers receive none. */
const MIN_KEPT_LINES = 100;
const MAX_KEPT_DELETIONS = 200;

/**
 * The latest lines of a room's chat, in memory. All changes of the chat are numbered, so that a client that was away
 * receives only what it has missed.
 */
export class ChatHistory {
  readonly #options: ChatHistoryOptions;
  /** Distinguishes the marks of this room from those of an earlier one with the same name. */
  readonly #life = randomBytes(6).toString('base64url');
  /** By id, oldest first. */
  readonly #kept = new Map<string, Kept>();
  /** The numbers of the latest deletions by the id of the line, oldest first. */
  readonly #deleted = new Map<string, number>();
  #bytes = 0;
  #changes = 0;
  /** The number of the latest change that is no longer known. */
  #forgotten = 0;
  /** What a newcomer receives, until something changes. */
  #whole: EventOf<'chat_history'> | undefined;
  #cancelTimer: Cancel | undefined;

  constructor(options: ChatHistoryOptions) {
    this.#options = options;
  }

  /** How far a client knows the chat that has received everything so far. */
  get mark(): string {
    return `${this.#life}.${this.#changes}`;
  }

  /** Adds a line, whose id is the mark after it. */
  add(fields: Omit<ChatLine, 'id'>, author: Author): ChatLine {
    const changedAt = this.#next();
    const line = { ...fields, id: this.mark };
    const kept = { line: this.#asKept(line), author, sinceMs: this.#options.clock.now(), bytes: 0, changedAt };
    this.#kept.set(line.id, kept);
    this.#count(kept);
    this.#trim();
    return line;
  }

  /** Undefined if there is no such line, or no longer. */
  find(id: string): { readonly line: ChatLine; readonly author: Author } | undefined {
    this.#forgetOld();
    return this.#kept.get(id);
  }

  /** Replaces the line with the same id. */
  replace(line: ChatLine): void {
    const kept = this.#kept.get(line.id);
    if (kept === undefined) return;
    kept.changedAt = this.#next();
    kept.line = this.#asKept(line);
    this.#count(kept);
    this.#trim();
  }

  delete(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#remove(id, kept);
    this.#deleted.set(id, this.#next());
    for (const [oldest, changedAt] of this.#deleted) {
      if (this.#deleted.size <= MAX_KEPT_DELETIONS) break;
      this.#deleted.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, changedAt);
    }
  }

  /** What a client has missed that knows the chat up to `mark`; everything if it is not known what it missed. */
  since(mark: string | undefined): EventOf<'chat_history'> {
    this.#forgetOld();
    const known = this.#numberOf(mark);
    if (known === undefined || known < this.#forgotten) return this.#all();
    const { keptLines } = this.#options;
    const lines = [...this.#kept.values()].filter(({ changedAt }) => changedAt > known);
    // Otherwise there would be a gap between what the client has and what it receives.
    if (keptLines > 0 && lines.length > keptLines) return this.#all();
    const unsaid = [...this.#deleted].filter(([, changedAt]) => changedAt > known).map(([id]) => id);
    return this.#history(lines, unsaid, false);
  }

  /** Forgets everything. */
  clear(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#kept.clear();
    this.#deleted.clear();
    this.#bytes = 0;
    this.#forgotten = this.#next();
  }

  #all(): EventOf<'chat_history'> {
    this.#whole ??= this.#history([...this.#kept.values()], [], true);
    return this.#whole;
  }

  #history(kept: readonly Kept[], unsaid: readonly string[], complete: boolean): EventOf<'chat_history'> {
    const { keptLines } = this.#options;
    const lines = keptLines === 0 ? [] : kept.slice(-keptLines).map(({ line }) => line);
    return { type: 'chat_history', lines, unsaid, complete, mark: this.mark };
  }

  /** A text that nobody may receive later is not kept. */
  #asKept(line: ChatLine): ChatLine {
    return this.#options.keptLines === 0 ? { ...line, text: '' } : line;
  }

  #next(): number {
    this.#whole = undefined;
    return ++this.#changes;
  }

  #numberOf(mark: string | undefined): number | undefined {
    const [life, number] = mark?.split('.') ?? [];
    if (life !== this.#life || number === undefined || !/^\d{1,15}$/.test(number)) return undefined;
    return Number(number) <= this.#changes ? Number(number) : undefined;
  }

  #count(kept: Kept): void {
    this.#bytes -= kept.bytes;
    kept.bytes = Buffer.byteLength(JSON.stringify(kept.line));
    this.#bytes += kept.bytes;
  }

  #trim(): void {
    const maxLines = Math.max(MIN_KEPT_LINES, this.#options.keptLines);
    for (const [id, kept] of this.#kept) {
      if (this.#kept.size <= maxLines && this.#bytes <= MAX_KEPT_BYTES) break;
      this.#forget(id, kept);
    }
    this.#forgetOld();
  }

  #forgetOld(): void {
    const { clock, keptMs } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const [id, kept] of this.#kept) {
      const endMs = kept.sinceMs + keptMs;
      if (clock.now() < endMs) {
        this.#cancelTimer = clock.setTimer(endMs, () => this.#forgetOld());
        return;
      }
      this.#forget(id, kept);
    }
  }

  #forget(id: string, kept: Kept): void {
    this.#remove(id, kept);
    this.#forgotten = Math.max(this.#forgotten, kept.changedAt);
    this.#whole = undefined;
  }

  #remove(id: string, kept: Kept): void {
    this.#kept.delete(id);
    this.#bytes -= kept.bytes;
  }
}
