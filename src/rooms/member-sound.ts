import type { VoiceGain, VoicePlan } from '../media/plane.ts';
import { isSamePlan, ROOM_ONLY } from './voice-plan.ts';

/** The recording of the room. */
export interface RecordedSound {
  readonly needsConsent: boolean;
  /** The participant has agreed. */
  readonly onAgreed: () => void;
}

/** What the room has decided about where one participant's voice goes, and how they hear others. */
export class MemberSound {
  readonly #changed: () => void;
  #hearing: readonly VoiceGain[] = [];
  #silenced: ReadonlySet<string> = new Set();
  #plan: VoicePlan | undefined;
  #recorded: RecordedSound | null = null;
  #agrees = false;
  #awaitsConsent = false;

  /** @param changed the media plane has to be told */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Their part of `MemberState`. */
  get state(): { readonly hearing: readonly VoiceGain[]; readonly plan?: VoicePlan; readonly muted?: true } {
    return {
      hearing: this.#hearing,
      ...(this.#plan !== undefined && { plan: this.#plan }),
      ...(this.#awaitsConsent && { muted: true }),
    };
  }

  /** Where their voice goes and what they hear; undefined: only the room itself. */
  get plan(): VoicePlan | undefined {
    return this.#plan;
  }

  /** The gains of other voices. */
  get hearing(): readonly VoiceGain[] {
    return this.#hearing;
  }

  /** They agree to be recorded, until they leave the room. */
  agreeToRecording(): void {
    this.#agrees = true;
    this.setRecorded(this.#recorded);
    this.#recorded?.onAgreed();
  }

  /** They are in another room, where they have agreed to nothing. */
  forgetAgreement(): void {
    this.#agrees = false;
    this.setRecorded(null);
  }

  /**
   * The room is recorded, or with null not. If they must agree to it, nobody hears them before, whatever their state
   * says.
   */
  setRecorded(recorded: RecordedSound | null): void {
    this.#recorded = recorded;
    const awaits = recorded?.needsConsent === true && !this.#agrees;
    if (awaits === this.#awaitsConsent) return;
    this.#awaitsConsent = awaits;
    this.#changed();
  }

  get agreesToRecording(): boolean {
    return this.#agrees;
  }

  /** Who is silent for them: the combined decisions of this participant and the moderators. */
  get silenced(): ReadonlySet<string> {
    return this.#silenced;
  }

  /** The gains of other voices, and who is silent. */
  setHearing(hearing: readonly VoiceGain[], silenced: ReadonlySet<string>): void {
    const isPlain = this.#hearing.length === 0 && hearing.length === 0;
    this.#hearing = hearing;
    this.#silenced = silenced;
    if (!isPlain) this.#changed();
  }

  /** Where the voice goes, and what is heard. */
  setPlan(plan: VoicePlan): void {
    if (isSamePlan(this.#plan ?? ROOM_ONLY, plan)) return;
    this.#plan = plan;
    this.#changed();
  }
}
