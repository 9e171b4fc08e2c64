/** The data that starts a media worker thread, and the messages between it and the control plane. */
import type { MediaAddress } from '../../rtc/net/datagram-port.ts';
import type { SharedTcp } from '../../rtc/net/shared-tcp.ts';
import type { MediaCommand, MediaEvent } from './messages.ts';
import type { RelayMessage, RelayReply } from './tcp-relay.ts';

/** Where an engine receives media. */
export interface MediaPlace {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly tcp: boolean;
  readonly sharedTcp?: SharedTcp | undefined;
}

/** The worker thread's initial data. */
export interface WorkerSetup extends MediaPlace {
  /** From `createHeartbeatMemory`. */
  readonly heartbeat: SharedArrayBuffer;
  /** From `createGateMemory`. */
  readonly gate: SharedArrayBuffer;
  /** From `createRelayMemory`. */
  readonly relay: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly type: 'listening'; readonly addresses: readonly MediaAddress[] }
  | { readonly type: 'not_listening'; readonly message: string }
  | { readonly type: 'event'; readonly event: MediaEvent }
  | { readonly type: 'relay'; readonly reply: RelayReply };

/** Messages to the worker thread. They share one queue, so that a connection never arrives before what it needs. */
export type WorkerInput = MediaCommand | { readonly type: 'relay'; readonly message: RelayMessage };
