import { computed, signal } from '@preact/signals';

/** `voice`: the microphone opens by itself; `push`: only heard while something is held down; `mute`: heard except then. */
export type TalkMode = 'open' | 'voice' | 'push' | 'mute';

/** Whether something has to be held down in this mode. */
export function isHeldMode(mode: TalkMode): mode is 'push' | 'mute' {
  return mode === 'push' || mode === 'mute';
}

/** What the page does about this participant's own voice and hearing, in the room. */
export interface VoiceControls {
  /** Neither muted by a moderator nor listen-only. */
  readonly mayUnmute: boolean;
  setMuted(muted: boolean): void;
  setDeafened(deafened: boolean): void;
}

/**
 * Whether this participant is heard, and hears. Nobody talks to people whom they cannot hear: deafening mutes, and
 * hearing again restores what was before. Whoever unmutes while deafened wants to take part, and hears again.
 */
export class OwnVoice {
  /** As the person has chosen by the button, or a moderator for them. */
  readonly muted = signal(false);
  readonly deafened = signal(false);
  readonly talkMode = signal<TalkMode>('open');
  /** What has to be held down to talk, or to be silent, is held down. */
  readonly isHeld = signal(false);
  /** Speaks to somebody in particular, as long as a button is held: heard by them, also if muted otherwise. */
  readonly isForced = signal(false);
  /** The voice goes out. */
  readonly isSending = computed(
    () => this.isForced.value || (!this.muted.value && isOpen(this.talkMode.value, this.isHeld.value)),
  );
  readonly #controls: VoiceControls;
  /** As last told to the room. */
  #isToldMuted = false;
  /** Deafening has muted this participant. */
  #isMutedByDeafening = false;

  constructor(controls: VoiceControls) {
    this.#controls = controls;
  }

  /** As at a join, without telling anyone. */
  start(muted: boolean, deafened = false): void {
    this.muted.value = muted || deafened;
    this.deafened.value = deafened;
    this.isHeld.value = false;
    this.isForced.value = false;
    this.#isMutedByDeafening = deafened && !muted;
    this.#isToldMuted = !this.isSending.value;
  }

  /** What to restore by `start`, for instance after a reload. */
  get choice(): { readonly muted: boolean; readonly deafened: boolean } {
    return { muted: this.muted.value && !this.#isMutedByDeafening, deafened: this.deafened.value };
  }

  setMuted(muted: boolean): void {
    if (!muted && !this.#controls.mayUnmute) return;
    this.#isMutedByDeafening = false;
    if (!muted && this.deafened.value) this.#hear();
    this.#mute(muted);
  }

  setDeafened(deafened: boolean): void {
    if (deafened === this.deafened.value) return;
    if (deafened) {
      this.#isMutedByDeafening = !this.muted.value;
      this.#mute(true);
      this.deafened.value = true;
      this.#controls.setDeafened(true);
      return;
    }
    this.#hear();
    if (this.#isMutedByDeafening && this.#controls.mayUnmute) this.#mute(false);
    this.#isMutedByDeafening = false;
  }

  setTalkMode(mode: TalkMode): void {
    this.talkMode.value = mode;
    this.isHeld.value = false;
    this.#tell();
  }

  hold(isHeld: boolean): void {
    this.isHeld.value = isHeld;
    this.#tell();
  }

  force(isForced: boolean): void {
    this.isForced.value = isForced && this.#controls.mayUnmute;
    this.#tell();
  }

  /** The server has muted this participant. */
  obey(muted: boolean): void {
    this.muted.value = muted;
    if (muted) this.isForced.value = false;
    this.#isToldMuted = muted;
  }

  #hear(): void {
    this.deafened.value = false;
    this.#controls.setDeafened(false);
  }

  #mute(muted: boolean): void {
    this.muted.value = muted;
    this.#tell();
  }

  #tell(): void {
    const muted = !this.isSending.value;
    if (muted === this.#isToldMuted) return;
    this.#isToldMuted = muted;
    this.#controls.setMuted(muted);
  }
}

function isOpen(mode: TalkMode, isHeld: boolean): boolean {
  return !isHeldMode(mode) || isHeld === (mode === 'push');
}
