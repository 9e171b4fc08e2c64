import { type Signal, signal } from '@preact/signals';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { VoiceClient } from '../sdk/voice-client.ts';
import { VoiceError } from '../sdk/voice-error.ts';

/** Somebody who types has not finished before this. */
const TYPING_MS = 300;
const RETRIES = 3;

/** The people of a large room whom the server does not list, page by page. */
export class Everyone {
  /** Those found until now, in order of arrival. */
  readonly found: Signal<readonly ParticipantInfo[]>;
  /** Whether there are more of them. */
  readonly hasMore = signal(false);
  readonly isLoading = signal(false);
  readonly hasFailed = signal(false);
  readonly #client: Pick<VoiceClient, 'listPeople'>;
  #search = '';
  #next: string | null = null;
  /** Counts the searches, so that answers to an earlier one are ignored. */
  #turn = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Pick<VoiceClient, 'listPeople'>, found: Signal<readonly ParticipantInfo[]>) {
    this.#client = client;
    this.found = found;
  }

  /** Begins anew. While somebody types, that is only done in the pauses. */
  search(text: string, isTyping = true): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(
      () => {
        this.#search = text.trim();
        this.#turn++;
        this.#next = null;
        void this.#load(this.#turn);
      },
      isTyping ? TYPING_MS : 0,
    );
  }

  /** Loads the next page, unless one is on its way. */
  more(): void {
    if (this.hasMore.value && !this.isLoading.value) void this.#load(this.#turn);
  }

  /** Nothing is shown any more. */
  clear(): void {
    clearTimeout(this.#typing);
    this.#turn++;
    this.#next = null;
    this.found.value = [];
    this.hasMore.value = this.isLoading.value = this.hasFailed.value = false;
  }

  async #load(turn: number): Promise<void> {
    const after = this.#next;
    this.isLoading.value = true;
    this.hasFailed.value = false;
    try {
      const page = await this.#page(after);
      if (turn !== this.#turn) return;
      const before = after === null ? [] : this.found.value;
      // Who has rejoined may come again.
      const known = new Set(before.map(({ id }) => id));
      this.found.value = [...before, ...page.participants.filter(({ id }) => !known.has(id))];
      this.#next = page.next;
      this.hasMore.value = page.next !== null;
    } catch {
      if (turn === this.#turn) this.hasFailed.value = true;
    } finally {
      if (turn === this.#turn) this.isLoading.value = false;
    }
  }

  async #page(after: string | null): ReturnType<VoiceClient['listPeople']> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#client.listPeople({ search: this.#search, ...(after !== null && { after }) });
      } catch (thrown) {
        const waitMs = thrown instanceof VoiceError ? thrown.retryAfterMs : undefined;
        if (waitMs === undefined || attempt === RETRIES) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }
}
