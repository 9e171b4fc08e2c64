/** What a session is given: shared by all sessions, or of one WebSocket. */
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Clock } from '../lib/clock.ts';
import type { ErrorCode } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { IceServersFor } from './ice-servers.ts';
import type { JoinTrace } from './join-trace.ts';

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
  /** Begins the trace of a join; omitted if joins are not traced. */
  readonly traceJoin?: ((resumes: boolean) => JoinTrace) | undefined;
  /** The WebSocket is closed. Called once. */
  readonly onClosed: () => void;
}
