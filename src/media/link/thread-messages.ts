/** What a media worker thread is started with, and what goes between it and the control plane. */
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

/** What the worker thread is given. */
export interface WorkerSetup extends MediaPlace {
  /** Of `createHeartbeatMemory`. */
  readonly heartbeat: SharedArrayBuffer;
  /** Of `createRelayMemory`. */
  readonly relay: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly type: 'listening'; readonly addresses: readonly MediaAddress[] }
  | { readonly type: 'not_listening'; readonly message: string }
  | { readonly type: 'event'; readonly event: MediaEvent }
  | { readonly type: 'relay'; readonly reply: RelayReply };

/** What is posted to the worker thread. In one queue, so that a connection never comes before what it needs. */
export type WorkerInput = MediaCommand | { readonly type: 'relay'; readonly message: RelayMessage };
