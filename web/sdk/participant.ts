import type { LeaveReason, ParticipantInfo } from '../../src/protocol/messages.ts';
import { Emitter } from './emitter.ts';

export interface ParticipantEvents {
  /** Anything in `info`, such as `muted`. */
  changed: ParticipantInfo;
  speakingChanged: boolean;
  /** This person has left the room, or this client has left it (null). */
  left: LeaveReason | null;
}

/** What a participant can be told to do. */
export interface ParticipantActions {
  gainOf(participantId: string): number;
  hear(participantId: string, gain: number): void;
  mute(participantId: string, muted: boolean): Promise<void>;
  kick(participantId: string, banSeconds: number): Promise<void>;
}

/** One person in the room. The object stays the same until they leave, and follows what happens to them. */
export class Participant extends Emitter<ParticipantEvents> {
  readonly id: string;
  /** This is the participant of this client. */
  readonly isLocal: boolean;
  readonly #actions: ParticipantActions;
  #info: ParticipantInfo;
  #levelDbov: number | null = null;

  /** @internal */
  constructor(info: ParticipantInfo, isLocal: boolean, actions: ParticipantActions) {
    super();
    this.id = info.id;
    this.isLocal = isLocal;
    this.#info = info;
    this.#actions = actions;
  }

  /** Everything that the server says about this person. A new object after each change. */
  get info(): ParticipantInfo {
    return this.#info;
  }

  get name(): string {
    return this.#info.name;
  }

  /** From their join token; null for guests. */
  get identity(): string | null {
    return this.#info.identity;
  }

  get isMuted(): boolean {
    return this.#info.muted;
  }

  get isSpeaking(): boolean {
    return this.#levelDbov !== null;
  }

  /** How loud they speak, in dBov (0 is the loudest); null while they do not. */
  get levelDbov(): number | null {
    return this.#levelDbov;
  }

  /** The gain with which this client hears them, from 0 to 2. */
  get volume(): number {
    return this.#actions.gainOf(this.id);
  }

  /**
   * Sets how loud this client alone hears them: 1 is unchanged, 0 is silence, 2 is twice the amplitude. The room and
   * this browser remember it. Throws `RangeError`.
   */
  setVolume(gain: number): void {
    this.#actions.hear(this.id, gain);
  }

  /** For moderators: mutes them, or allows them to speak again. Rejects with a `VoiceError`. */
  mute(muted = true): Promise<void> {
    return this.#actions.mute(this.id, muted);
  }

  /** For moderators: removes them from the room, and bans their identity for this time. Rejects with a `VoiceError`. */
  kick(banSeconds = 0): Promise<void> {
    return this.#actions.kick(this.id, banSeconds);
  }

  /** @internal */
  update(info: ParticipantInfo): void {
    if (info === this.#info) return;
    this.#info = info;
    this.emit('changed', info);
  }

  /** @internal */
  speak(levelDbov: number | null): void {
    const wasSpeaking = this.isSpeaking;
    this.#levelDbov = levelDbov;
    if (wasSpeaking !== this.isSpeaking) this.emit('speakingChanged', this.isSpeaking);
  }
}
