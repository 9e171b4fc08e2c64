import type { VoiceGain, VoicePlan } from '../media/plane.ts';
import { isSamePlan, ROOM_ONLY } from './voice-plan.ts';

/** What the room has decided about where one participant's voice goes, and how they hear others. */
export class MemberSound {
  readonly #changed: () => void;
  #hearing: readonly VoiceGain[] = [];
  #silenced: ReadonlySet<string> = new Set();
  #plan: VoicePlan | undefined;
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

  /** Until they agree to be recorded, nobody hears them, whatever their state says. */
  setAwaitsConsent(awaits: boolean): void {
    if (awaits === this.#awaitsConsent) return;
    this.#awaitsConsent = awaits;
    this.#changed();
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
