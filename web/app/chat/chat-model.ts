import { signal } from '@preact/signals';
import type { ChatEntry, ChatState } from '../../sdk/chat.ts';
import type { VoiceClient } from '../../sdk/voice-client.ts';

export interface Unread {
  readonly lines: number;
  /** One of them mentions or only concerns this participant. */
  readonly isForMe: boolean;
}

const NONE: Unread = { lines: 0, isForMe: false };

/** The chat of the page, also while its panel is closed. */
export class ChatModel {
  readonly state = signal<ChatState>({ lines: [], rules: null });
  /** The key with which this participant reads files. */
  fileKey = '';
  readonly isOpen = signal(false);
  readonly unread = signal<Unread>(NONE);
  readonly #client: VoiceClient;
  /** When this participant last wrote to everyone. */
  #wroteMs = Number.NEGATIVE_INFINITY;

  constructor(client: VoiceClient) {
    this.#client = client;
    globalThis.document?.addEventListener('visibilitychange', () => {
      if (this.#isSeen) this.unread.value = NONE;
    });
    client.on('chat', (state) => {
      this.state.value = state;
      if (state.rules === null) this.close();
    });
    client.on('joined', ({ fileKey = '' }) => {
      this.fileKey = fileKey;
    });
    client.on('chatLine', (line) => this.#arrived(line));
  }

  open(): void {
    this.isOpen.value = true;
    this.unread.value = NONE;
  }

  close(): void {
    this.isOpen.value = false;
    this.unread.value = NONE;
  }

  /** How long slow mode keeps this participant from writing to everyone. */
  get slowModeWaitMs(): number {
    const { rules } = this.state.value;
    return Math.max(0, this.#wroteMs + 1000 * (rules?.slowModeSeconds ?? 0) - performance.now());
  }

  /** The line names this participant, or only they received it. */
  isForMe({ from, to, mentions }: ChatEntry): boolean {
    const { participantId } = this.#client;
    return (
      participantId !== null && from !== participantId && (to === participantId || mentions.includes(participantId))
    );
  }

  get #isSeen(): boolean {
    return this.isOpen.value && !globalThis.document?.hidden;
  }

  #arrived(line: ChatEntry): void {
    if (line.from === this.#client.participantId) {
      if (line.to === null) this.#wroteMs = performance.now();
      return;
    }
    if (this.#isSeen) return;
    const { lines, isForMe } = this.unread.value;
    this.unread.value = { lines: lines + 1, isForMe: isForMe || this.isForMe(line) };
  }
}
