/**
 * The messages between the control plane and one media worker. Everything in them can be posted to another thread.
 * `transportId` and `roomId` are numbers that the control plane gives and never gives again.
 */
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import type { IceCredentials } from '../../rtc/ice/ice-lite.ts';
import type { Direction } from '../../rtc/sdp/sdp-offer.ts';
import type { SrtpKeys } from '../../rtc/srtp/srtp-keys.ts';
import type { WebRtcTransportParameters } from '../../rtc/webrtc-endpoint.ts';
import type { MediaCloseReason, MediaNetwork, MediaStats } from '../plane.ts';

export type MediaCommand =
  | {
      readonly type: 'add_transport';
      readonly transportId: number;
      readonly roomId: number;
      /** How the room is mixed; the first participant's holds. */
      readonly mix: MixSettings;
      readonly parameters: WebRtcTransportParameters;
      readonly muted: boolean;
      readonly deafened: boolean;
    }
  | { readonly type: 'restart_ice'; readonly transportId: number; readonly credentials: IceCredentials }
  /** What a new offer and its answer agreed on. */
  | { readonly type: 'set_direction'; readonly transportId: number; readonly direction: Direction }
  | { readonly type: 'set_keys'; readonly transportId: number; readonly keys: SrtpKeys }
  | { readonly type: 'send_dtls'; readonly transportId: number; readonly datagram: Uint8Array }
  | { readonly type: 'set_muted'; readonly transportId: number; readonly muted: boolean }
  | { readonly type: 'set_deafened'; readonly transportId: number; readonly deafened: boolean }
  /** Packets in the clear come as `captured` events, up to so many bytes; null ends that. */
  | { readonly type: 'set_capture'; readonly transportId: number; readonly maxBytes: number | null }
  | { readonly type: 'remove_transport'; readonly transportId: number }
  /** Into another room of this worker, which is opened if it is not there. */
  | {
      readonly type: 'move_transport';
      readonly transportId: number;
      readonly roomId: number;
      readonly mix: MixSettings;
      readonly muted: boolean;
      readonly deafened: boolean;
    }
  | { readonly type: 'set_mix'; readonly roomId: number; readonly mix: MixSettings }
  /** Joins this worker's part of a room to its parts in other workers: memory of `createSharedMix`, one for each part. */
  | {
      readonly type: 'link_room';
      readonly roomId: number;
      readonly own: SharedArrayBuffer;
      readonly others: readonly SharedArrayBuffer[];
    }
  | { readonly type: 'close' };

export type MediaEvent =
  | { readonly type: 'dtls'; readonly transportId: number; readonly datagram: Uint8Array }
  | { readonly type: 'transport_silent'; readonly transportId: number; readonly silent: boolean }
  /** Its media comes from an address that ICE does not know. */
  | { readonly type: 'transport_moved'; readonly transportId: number }
  | { readonly type: 'transport_closed'; readonly transportId: number; readonly reason: MediaCloseReason }
  /** Whole records of a capture file; `isFull`: it may have no more. */
  | {
      readonly type: 'captured';
      readonly transportId: number;
      readonly records: Uint8Array;
      readonly isFull: boolean;
    }
  /** Pairs of transport id and level in dBov, one after the other; empty when the last speaker has stopped. */
  | { readonly type: 'levels'; readonly roomId: number; readonly speaking: readonly number[] }
  /** Of the transports about which there were receiver reports since the last time; goes before the `stats`. */
  | {
      readonly type: 'networks';
      readonly networks: readonly { readonly transportId: number; readonly network: MediaNetwork }[];
    }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  /** The worker has gone to another level of overload; see `overloadMeasures`. */
  | { readonly type: 'overload'; readonly level: number; readonly busyShare: number; readonly latenessMs: number }
  /** Something failed that should not; the worker goes on. At most one a second. */
  | { readonly type: 'failure'; readonly message: string };

/** What a worker can say of itself. */
export type WorkerStats = Pick<MediaStats, 'gauges' | 'counters' | 'histograms'>;
