/** What a benchmark asks of the process that runs the participants, and the answers, over Node's IPC channel. */
import type { ReceiveReport } from './receive-counters.ts';
import type { ServerKind } from './room-signaling.ts';

export type DriverCommand =
  /**
   * Encodes the speech of this many voices, before anything is measured: with DTX only, or also without it for servers
   * that do not ask for it.
   */
  | { readonly type: 'prepare'; readonly voices: number; readonly dtx: 'always' | 'as-asked' }
  /** Adds participants to a room. Answers when all of them are connected. */
  | {
      readonly type: 'join';
      readonly server: ServerKind;
      readonly url: string;
      readonly room: string;
      readonly count: number;
      readonly perSecond: number;
      /** Whether they play stereo. */
      readonly stereo?: boolean;
    }
  /** The first `count` participants of the room talk, the others are silent. */
  | { readonly type: 'talk'; readonly room: string; readonly count: number }
  /** For each participant of the room: the time from opening the WebSocket to the first packet with sound in it. */
  | { readonly type: 'first-sounds'; readonly room: string }
  /** One participant of the room does something. They are counted in the order in which they joined. */
  | { readonly type: 'act'; readonly room: string; readonly index: number; readonly action: ParticipantAction }
  /** Sets all counters to zero. */
  | { readonly type: 'reset' }
  /** What was received and used since the reset. */
  | { readonly type: 'report' }
  /** All participants leave. */
  | { readonly type: 'leave' };

export type ParticipantAction = 'speak' | 'fall-silent' | 'mute' | 'unmute' | 'leave';

export interface JoinReport {
  /** Times from opening the WebSocket to the end of the DTLS handshake, one per participant. */
  readonly joinMs: readonly number[];
}

export interface LoadReport {
  readonly seconds: number;
  /** User and system time of the whole process that runs the participants. */
  readonly cpuSeconds: number;
  /** The longest time during which the process did not read its sockets. */
  readonly longestPauseMs: number;
  readonly participants: readonly ReceiveReport[];
}

export interface DriverAnswers {
  readonly prepare: undefined;
  readonly join: JoinReport;
  readonly talk: undefined;
  /** In the order of joining; null for participants who have heard nothing yet. */
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
