/**
 * The messages between the control plane and one media worker. Everything in them can be posted to another thread.
 * The control plane chooses `roomId` and `memberId`, and never uses a number twice.
 */
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import type { IceCredentials } from '../../rtc/ice/ice-lite.ts';
import type { MediaAddress, UnboundAddress } from '../../rtc/net/datagram-port.ts';
import type { Direction } from '../../rtc/sdp/sdp-offer.ts';
import type { SrtpKeys } from '../../rtc/srtp/srtp-keys.ts';
import type { WebRtcParameters } from '../../rtc/webrtc-options.ts';
import type { MediaNetwork } from '../endpoint.ts';
import type { MediaCloseReason, MemberState, TapRequest } from '../plane.ts';
import type { MediaFigures } from '../statistics.ts';

/** The way a new member's packets come and go, by kind. */
export type EndpointDescription = { readonly kind: 'webrtc'; readonly parameters: WebRtcParameters };

export type RoomCommand =
  /** Rooms are open from this command on, also without members. */
  | { readonly type: 'open_room'; readonly roomId: number; readonly mix: MixSettings }
  /** The last member has left. What still sounds fades first. */
  | { readonly type: 'close_room'; readonly roomId: number }
  | { readonly type: 'set_mix'; readonly roomId: number; readonly mix: MixSettings }
  /** Joins this worker's part of a room to its parts in other workers: memory of `createSharedMix`, one for each part. */
  | {
      readonly type: 'link_room';
      readonly roomId: number;
      readonly own: SharedArrayBuffer;
      readonly others: readonly SharedArrayBuffer[];
    };

/** For an endpoint of the kind `webrtc`. */
export type WebRtcCommand =
  | { readonly type: 'restart_ice'; readonly memberId: number; readonly credentials: IceCredentials }
  /** What a new offer and its answer agreed on. */
  | { readonly type: 'set_direction'; readonly memberId: number; readonly direction: Direction }
  | { readonly type: 'set_keys'; readonly memberId: number; readonly keys: SrtpKeys }
  | { readonly type: 'send_dtls'; readonly memberId: number; readonly datagram: Uint8Array };

export type AddMember = {
  readonly type: 'add_member';
  readonly memberId: number;
  readonly roomId: number;
  readonly endpoint: EndpointDescription;
  readonly state: MemberState;
};

/** To a member that exists. */
export type MemberCommand =
  | { readonly type: 'set_state'; readonly memberId: number; readonly state: MemberState }
  /** Into another open room of this worker. */
  | { readonly type: 'move_member'; readonly memberId: number; readonly roomId: number; readonly state: MemberState }
  /** What the tap records comes as `tapped` events; null ends it. */
  | { readonly type: 'set_tap'; readonly memberId: number; readonly tap: TapRequest | null }
  | { readonly type: 'remove_member'; readonly memberId: number }
  | WebRtcCommand;

export type MediaCommand =
  | RoomCommand
  | AddMember
  | MemberCommand
  /** Receive media on these addresses and on no others. An `addresses` event tells what came of it. */
  | { readonly type: 'follow_hosts'; readonly hosts: readonly string[] }
  | { readonly type: 'close' };

export type MediaEvent =
  | { readonly type: 'dtls'; readonly memberId: number; readonly datagram: Uint8Array }
  | { readonly type: 'member_silent'; readonly memberId: number; readonly silent: boolean }
  /** The member's media comes from an address that ICE does not know. */
  | { readonly type: 'member_moved'; readonly memberId: number }
  | { readonly type: 'member_closed'; readonly memberId: number; readonly reason: MediaCloseReason }
  /** Whole records of a tap. `isFull`: the next record does not fit, and nothing more comes. */
  | { readonly type: 'tapped'; readonly memberId: number; readonly records: Uint8Array; readonly isFull: boolean }
  /** Pairs of member id and level in dBov, one after the other; empty when the last speaker has stopped. */
  | { readonly type: 'levels'; readonly roomId: number; readonly speaking: readonly number[] }
  /** Of the members about whom there were receiver reports since the last time; comes before the `stats`. */
  | {
      readonly type: 'networks';
      readonly networks: readonly { readonly memberId: number; readonly network: MediaNetwork }[];
    }
  /** Where media is received now, and where it should be and cannot. */
  | {
      readonly type: 'addresses';
      readonly addresses: readonly MediaAddress[];
      readonly unbound: readonly UnboundAddress[];
    }
  | { readonly type: 'stats'; readonly stats: MediaFigures }
  /** The worker has reached another level of overload; see `overloadMeasures`. */
  | { readonly type: 'overload'; readonly level: number; readonly runningShare: number; readonly waitingShare: number }
  /** Ticks are late, or no longer, although the worker has time to spare. */
  | {
      readonly type: 'starved';
      readonly isStarved: boolean;
      readonly runningShare: number;
      readonly waitingShare: number;
      readonly latenessMs: number;
    }
  /** Something failed that should not; the worker goes on. At most one a second. */
  | { readonly type: 'failure'; readonly message: string };
