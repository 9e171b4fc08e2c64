import type { ConnectionState } from '../sdk/connection-state.ts';

/**
 * What the page shows after `before`. A server that has said that it restarts cannot be reached for a while; that is no
 * news, and no audio flows until it is back, although the browser takes seconds to notice that.
 */
export function whileRestarting(before: ConnectionState, state: ConnectionState): ConnectionState {
  if (before.status !== 'reconnecting' || before.reason !== 'server_closing') return state;
  if (state.status !== 'reconnecting' || state.reason !== 'unreachable') return state;
  return { ...state, reason: 'server_closing', hasSound: false };
}
