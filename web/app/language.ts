import type { ConnectionState } from '../sdk/connection-state.ts';
import { VoiceError } from '../sdk/voice-error.ts';
import { table } from './locales/en.ts';

type ClosedState = Extract<ConnectionState, { status: 'closed' }>;

/** All texts of the page. */
export const strings = {
  ...table,
  state,
  whileReconnecting,
  problem,
  closed,
  chat: { ...table.chat, problem: chatProblem },
};

function state(state: ConnectionState): string {
  switch (state.status) {
    case 'idle':
    case 'closed':
      return table.states.closed;
    case 'connecting':
      return table.states.connecting;
    case 'reconnecting':
      if (state.reason === 'server_closing') return table.states.restarting;
      return state.hasSound ? table.states.reconnecting : table.states.lost;
    case 'connected':
      return table.mediaStates[state.media];
  }
}

/** What people should know in addition to the state; empty for nothing. */
function whileReconnecting(state: ConnectionState & { status: 'reconnecting' }): string {
  if (state.reason === 'server_closing') return table.backAfterRestart;
  return state.hasSound ? table.stillHeard : '';
}

/** The message for this code, or the server's own if the server is newer than the page. */
function problem(code: string, message: string): string {
  const sentence = (table.problems as Readonly<Record<string, string>>)[code];
  return sentence ?? (message || table.refused(code));
}

/** Why the conversation ended; empty if the person has left. */
function closed({ reason, message, retryAfterMs }: ClosedState): string {
  if (reason === 'left') return '';
  if (reason === 'kicked' && retryAfterMs !== undefined) return table.banned(durationText(retryAfterMs));
  return problem(reason, message);
}

function chatProblem(error: unknown): string {
  if (!(error instanceof VoiceError)) return table.problems.internal;
  const seconds = Math.ceil((error.retryAfterMs ?? 0) / 1000);
  const sentence = problem(error.code, error.message);
  return seconds > 0 ? table.chat.problemFor(sentence, seconds) : sentence;
}

/** `40 seconds`, `10 minutes`, `2 hours`: rounded up, so that nobody comes back too early. */
function durationText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const [count, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 5400
        ? [Math.ceil(seconds / 60), 'minute']
        : [Math.ceil(seconds / 3600), 'hour'];
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
