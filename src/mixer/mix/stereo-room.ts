/**
 * When the listeners of a room hear it in stereo: from when music enters until the room is silent without it. Listeners in
 * stereo share the packets of the others until the first note, and again after the last, so the change is not heard.
 */
export class StereoRoom {
  #music = 0;
  #isStereo = false;

  /** Whether listeners whose client plays stereo are sent it. */
  get isStereo(): boolean {
    return this.#isStereo;
  }

  /** Returns whether `isStereo` has changed. */
  musicEntered(): boolean {
    this.#music++;
    const isNew = !this.#isStereo;
    this.#isStereo = true;
    return isNew;
  }

  musicLeft(): void {
    this.#music--;
  }

  /** Call at the end of each tick. Returns whether `isStereo` has changed. */
  endTick(isSilent: boolean): boolean {
    if (!this.#isStereo || this.#music > 0 || !isSilent) return false;
    this.#isStereo = false;
    return true;
  }
}
