/** What a session is given: shared by all sessions, or of one WebSocket. */
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Clock } from '../lib/clock.ts';
import { type ErrorCode, toAppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { IceServersFor } from './ice-servers.ts';

export interface SessionLimits {
  readonly maxMessageBytes: number;
  readonly maxMessagesPerSecond: number;
  readonly maxUnsentBytes: number;
  readonly joinTimeoutMs: number;
  readonly pingIntervalMs: number;
}

/** `ok`, or why the join failed. */
export type JoinResult = 'ok' | ErrorCode;

export interface SignalingCounters {
  messagesIn: number;
  readonly joins: Map<JoinResult, number>;
  readonly errors: Map<ErrorCode, number>;
}

/** Runs a join, and counts what comes of it. Throws what it throws, after `refused`. */
export function countJoin(
  joins: SignalingCounters['joins'],
  join: () => void,
  refused: (code: ErrorCode) => void,
): void {
  const count = (result: JoinResult) => joins.set(result, (joins.get(result) ?? 0) + 1);
  try {
    join();
    count('ok');
  } catch (thrown) {
    const { code } = toAppError(thrown);
    count(code);
    refused(code);
    throw thrown;
  }
}

export interface SessionOptions {
  readonly socket: WebSocket;
  /** The connection under the WebSocket, so that simultaneous messages leave in one packet. */
  readonly connection?: Duplex;
  /** The client's address, for the operator only; null if addresses are hidden. */
  readonly address?: string | null;
  readonly registry: RoomRegistry;
  readonly limits: SessionLimits;
  readonly iceServers: IceServersFor;
  readonly counters: SignalingCounters;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly addressKey?: string;
  /** See `TrustedProxies.isRemote`. */
  readonly isRemote?: boolean;
  /** See `AddressLimits.join`. */
  readonly mayJoin?: (proves: boolean) => () => void;
  /**
   * Opens a WebSocket at another server of the cluster, for a client that cannot be led there. Rejects with `AppError`.
   * Omitted where no client is passed on.
   */
  readonly passOn?: (url: string) => Promise<WebSocket>;
  /** The WebSocket is closed. Called once. */
  readonly onClosed: () => void;
}
