/** The clone of the microphone's track that is sent. Muting silences only the clone, so the caller's level meter keeps working. */
export class OutgoingTrack {
  #clone: MediaStreamTrack | null = null;
  #isMuted = false;

  get track(): MediaStreamTrack | null {
    return this.#clone;
  }

  get isMuted(): boolean {
    return this.#isMuted;
  }

  setMuted(isMuted: boolean): void {
    this.#isMuted = isMuted;
    if (this.#clone !== null) this.#clone.enabled = !isMuted;
  }

  /** Sends a clone of this track from now on. The previous one is stopped after `send` has replaced it. */
  replace(track: MediaStreamTrack | null, send: (clone: MediaStreamTrack | null) => void): void {
    const previous = this.#clone;
    this.#clone = track?.clone() ?? null;
    this.setMuted(this.#isMuted);
    send(this.#clone);
    previous?.stop();
  }
}
