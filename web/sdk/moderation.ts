import type { RecordingTracks } from '../../src/protocol/recording.ts';
import type { Requests } from './requests.ts';

/**
 * Actions for participants who may moderate. They resolve when the server has carried them out, and reject with a
 * `VoiceError`: `not_allowed`, `unknown_participant`, or `unreachable` if no answer came.
 */
export class Moderation {
  readonly #requests: Requests;

  /** @internal */
  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Mutes someone, or allows them to speak again: they stay muted until they unmute themselves. */
  mute(participantId: string, muted: boolean): Promise<void> {
    return this.#requests.ask({ type: 'mute_participant', participantId, muted });
  }

  /** Removes someone from the room. With a time, people who joined with a token are banned that long. */
  kick(participantId: string, banSeconds = 0): Promise<void> {
    return this.#requests.ask({ type: 'kick', participantId, banSeconds });
  }

  /** Starts or ends a recording of the room; for participants whose `recording` event says that they may. */
  record(on: boolean, tracks?: RecordingTracks): Promise<void> {
    return this.#requests.ask({ type: 'record', on, tracks });
  }

  /** Only moderators can join a locked room. */
  lock(locked: boolean): Promise<void> {
    return this.#requests.ask({ type: 'lock', locked });
  }

  /** Forbids or allows someone to write in the chat. */
  muteInChat(participantId: string, muted: boolean): Promise<void> {
    return this.#requests.ask({ type: 'mute_chat', participantId, muted });
  }

  /** How long one person has to wait between two lines of the chat; 0 switches this off. */
  setSlowMode(seconds: number): Promise<void> {
    return this.#requests.ask({ type: 'slow_mode', seconds });
  }
}
