import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { MemberStateChange, ParticipantState } from '../media/plane.ts';
import { StatePacer } from './state-pacer.ts';

export interface ParticipantMutesOptions {
  /** When they enter. */
  readonly state: ParticipantState;
  readonly mutedByModerator: boolean;
  readonly mutedInChat: boolean;
  /** Whether their token lets them speak. */
  readonly maySpeak: () => boolean;
  readonly clock: Clock;
  /** The media plane and the others have to be told. */
  readonly changed: () => void;
  /** A change was delayed because there were too many. */
  readonly heldBack: () => void;
}

/** What a participant decides about their sound, and what moderators decide about them. */
export class ParticipantMutes {
  readonly #options: ParticipantMutesOptions;
  readonly #pacer: StatePacer;
  #state: ParticipantState;
  #byModerator: boolean;
  #inChat: boolean;

  constructor(options: ParticipantMutesOptions) {
    const { state, mutedByModerator, mutedInChat, maySpeak, clock, heldBack } = options;
    this.#options = options;
    this.#state = { ...state, muted: state.muted || mutedByModerator || !maySpeak() };
    this.#byModerator = mutedByModerator;
    this.#inChat = mutedInChat;
    this.#pacer = new StatePacer({ clock, apply: (next) => this.#change(next), onHeldBack: heldBack });
  }

  get state(): ParticipantState {
    return this.#state;
  }

  get byModerator(): boolean {
    return this.#byModerator;
  }

  get inChat(): boolean {
    return this.#inChat;
  }

  get mayUnmute(): boolean {
    return this.#options.maySpeak() && !this.#byModerator;
  }

  /**
   * Omitted fields keep their value. Unmuting or undeafening too often is delayed. Throws `not_allowed` if they may not
   * unmute; then nothing changes.
   */
  set(change: MemberStateChange): void {
    const { muted, deafened } = this.#pacer.wanted ?? this.#state;
    const state = { muted: change.muted ?? muted, deafened: change.deafened ?? deafened };
    if (this.#state.muted && !state.muted && !this.mayUnmute) throw new AppError('not_allowed');
    this.#pacer.change(this.#state, state);
  }

  /** Their token does not let them speak any more. The caller tells the others. */
  silence(): void {
    this.#pacer.mute();
    this.#state = { ...this.#state, muted: true };
  }

  /** Nobody can be unmuted by someone else. With false, the participant may unmute, and stays muted until then. */
  setByModerator(muted: boolean): void {
    if (muted === this.#byModerator) return;
    this.#byModerator = muted;
    if (muted) this.silence();
    this.#options.changed();
  }

  /** Returns whether it was different before. */
  setInChat(muted: boolean): boolean {
    if (muted === this.#inChat) return false;
    this.#inChat = muted;
    return true;
  }

  /** The participant has ended. */
  close(): void {
    this.#pacer.cancel();
  }

  #change(state: ParticipantState): void {
    if (state.muted === this.#state.muted && state.deafened === this.#state.deafened) return;
    this.#state = state;
    this.#options.changed();
  }
}
