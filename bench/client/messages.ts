/** What a benchmark asks of the process with the participants, and the answers, over Node's IPC channel. */
import type { ReceiveReport } from './receive-counters.ts';
import type { ServerKind } from './room-signaling.ts';

export type DriverCommand =
  /**
   * Encodes the speech of so many voices; before anything is measured. With DTX alone, or also without it for servers
   * that do not ask for it.
   */
  | { readonly type: 'prepare'; readonly voices: number; readonly dtx: 'always' | 'as-asked' }
  /** Adds participants to a room; answers when all of them are connected. */
  | {
      readonly type: 'join';
      readonly server: ServerKind;
      readonly url: string;
      readonly room: string;
      readonly count: number;
      readonly perSecond: number;
    }
  /** The first `count` participants of the room speak, the others are silent. */
  | { readonly type: 'talk'; readonly room: string; readonly count: number }
  /** How long each participant of the room took from opening the WebSocket to the first packet that was not silence. */
  | { readonly type: 'first-sounds'; readonly room: string }
  /** One participant of the room, counted from the one who joined first, does something. */
  | { readonly type: 'act'; readonly room: string; readonly index: number; readonly action: ParticipantAction }
  /** Sets all counters to zero. */
  | { readonly type: 'reset' }
  /** What was received and used since the reset. */
  | { readonly type: 'report' }
  /** All participants leave. */
  | { readonly type: 'leave' };

export type ParticipantAction = 'speak' | 'fall-silent' | 'mute' | 'unmute' | 'leave';

export interface JoinReport {
  /** From opening the WebSocket to the end of the DTLS handshake, one a participant. */
  readonly joinMs: readonly number[];
}

export interface LoadReport {
  readonly seconds: number;
  /** User and system time of the whole process of the participants. */
  readonly cpuSeconds: number;
  /** The longest time for which the process did not read its sockets. */
  readonly longestPauseMs: number;
  readonly participants: readonly ReceiveReport[];
}

export interface DriverAnswers {
  readonly prepare: undefined;
  readonly join: JoinReport;
  readonly talk: undefined;
  /** By order of joining; null for those who have heard nothing yet. */
  readonly 'first-sounds': readonly (number | null)[];
  readonly act: undefined;
  readonly reset: undefined;
  readonly report: LoadReport;
  readonly leave: undefined;
}

export interface DriverRequest {
  readonly id: number;
  readonly command: DriverCommand;
}

export type DriverResponse =
  | { readonly id: number; readonly result: DriverAnswers[DriverCommand['type']] }
  | { readonly id: number; readonly error: string };
