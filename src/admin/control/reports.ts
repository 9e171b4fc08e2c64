import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { ControlAnswer, ControlMessage } from '../../protocol/control.ts';
import type { PlayerLevel } from '../../rooms/game-servers.ts';
import type { Room } from '../../rooms/room.ts';

/** Maximum number of pairs in one message. */
const MAX_PAIRS = 1000;

type Wishes = Omit<Extract<ControlMessage, { readonly type: 'subscribe' }>, 'type'>;
type LeftReason = Extract<ControlAnswer, { readonly type: 'left' }>['reason'];

export interface ReportsOptions {
  readonly room: Room;
  readonly clock: Clock;
  readonly send: (answer: ControlAnswer) => void;
}

/** Sends one game server what it has subscribed to. */
export class Reports {
  readonly #options: ReportsOptions;
  #wishes: Wishes = { players: false, speaking: false, levelsHz: 0, audibleHz: 0 };
  #speaking: ReadonlySet<string> = new Set();
  #levelsAtMs: Millis = Number.NEGATIVE_INFINITY;
  #cancelAudible: Cancel = () => {};

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** Replaces the previous choice, and reports who speaks now. */
  subscribe(wishes: Wishes): void {
    this.#wishes = wishes;
    this.#speaking = new Set();
    this.#levelsAtMs = Number.NEGATIVE_INFINITY;
    const { speaking } = this.#options.room.gameServers;
    if (speaking.length > 0) this.levels(speaking);
    this.#cancelAudible();
    if (wishes.audibleHz > 0) this.#tellAudible(1000 / wishes.audibleHz);
  }

  joined(player: string, participantId: string): void {
    if (this.#wishes.players) this.#options.send({ type: 'joined', player, participantId });
  }

  left(player: string, reason: LeftReason): void {
    if (this.#wishes.players) this.#options.send({ type: 'left', player, reason });
  }

  levels(levels: readonly PlayerLevel[]): void {
    const { speaking, levelsHz } = this.#wishes;
    if (speaking) this.#tellSpeaking(new Set(levels.map(([player]) => player)));
    if (levelsHz === 0) return;
    const nowMs = this.#options.clock.now();
    // The end of the last speaker is always sent, because nothing follows it.
    if (levels.length > 0 && nowMs - this.#levelsAtMs < 1000 / levelsHz) return;
    this.#levelsAtMs = nowMs;
    this.#options.send({ type: 'levels', speaking: levels });
  }

  close(): void {
    this.#cancelAudible();
  }

  #tellSpeaking(now: ReadonlySet<string>): void {
    const began = [...now].filter((player) => !this.#speaking.has(player));
    const stopped = [...this.#speaking].filter((player) => !now.has(player));
    this.#speaking = now;
    if (began.length + stopped.length > 0) this.#options.send({ type: 'speaking', began, stopped });
  }

  #tellAudible(periodMs: Millis): void {
    const { room, clock, send } = this.#options;
    const pairs = room.space.audiblePairs(MAX_PAIRS);
    send({ type: 'audible', pairs, more: pairs.length >= MAX_PAIRS });
    this.#cancelAudible = clock.setTimer(clock.now() + periodMs, () => this.#tellAudible(periodMs));
  }
}
