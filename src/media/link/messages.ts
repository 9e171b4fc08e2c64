/**
 * The messages between the control plane and one media worker. Everything in them can be posted to another thread. The
 * control plane assigns `roomId` and `memberId` and never reuses a number.
 */
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import type { RoomSpace } from '../../mixer/mix/space-placing.ts';
import type { LinkKind, SourceKind } from '../../mixer/source/mix-source.ts';
import type { MusicLoudness } from '../../mixer/source/music-level.ts';
import type { IceCredentials } from '../../rtc/ice/ice-lite.ts';
import type { LinkParameters } from '../../rtc/link-options.ts';
import type { MediaAddress, UnboundAddress } from '../../rtc/net/datagram-port.ts';
import type { Direction } from '../../rtc/sdp/sdp-offer.ts';
import type { SrtpKeys } from '../../rtc/srtp/srtp-keys.ts';
import type { WebRtcParameters } from '../../rtc/webrtc-options.ts';
import type { MediaNetwork } from '../endpoint.ts';
import type { ChannelSounds, MediaCloseReason, MemberState, RoomTapRequest, TapRequest } from '../plane.ts';
import type { RelayedParameters } from '../relayed.ts';
import type { MediaFigures } from '../statistics.ts';

/** The transport of a new member, by kind. */
export type EndpointDescription =
  | { readonly kind: 'webrtc'; readonly parameters: WebRtcParameters }
  /** Its packets come and go with `relayed_packets`. */
  | { readonly kind: 'relayed'; readonly parameters: RelayedParameters }
  /** The other end is a room at another server. */
  | { readonly kind: 'link'; readonly parameters: LinkParameters };

export type RoomCommand =
  /** Rooms are open from this command on, even without members. */
  | { readonly type: 'open_room'; readonly roomId: number; readonly mix: MixSettings }
  /** The last member has left. What still sounds fades first. */
  | { readonly type: 'close_room'; readonly roomId: number }
  | { readonly type: 'set_mix'; readonly roomId: number; readonly mix: MixSettings }
  | { readonly type: 'set_channel_sounds'; readonly roomId: number; readonly sounds: ChannelSounds }
  /** The memory of the bodies is the same while the room exists; null ends the space. */
  | { readonly type: 'set_space'; readonly roomId: number; readonly space: RoomSpace | null }
  /**
   * Links this worker's part of a room to its parts in other workers: memory from `createSharedMix`, one for each part.
   */
  | {
      readonly type: 'link_room';
      readonly roomId: number;
      readonly own: SharedArrayBuffer;
      readonly others: readonly SharedArrayBuffer[];
    }
  /** What the tap sees arrives as `room_tapped` events; null ends it. */
  | { readonly type: 'set_room_tap'; readonly roomId: number; readonly tap: RoomTapRequest | null }
  /** Null: the room is not linked to others any more. */
  | { readonly type: 'set_shouts'; readonly roomId: number; readonly shouts: PartShouts | null };

/** Memory from `createShoutRing`, that of this part and one for each part of the linked rooms. */
export interface PartShouts {
  /** The channel of the room in which people shout. */
  readonly channel: number;
  readonly own: SharedArrayBuffer;
  readonly others: readonly SharedArrayBuffer[];
}

/** For an endpoint of the kind `webrtc`. */
export type WebRtcCommand =
  | { readonly type: 'restart_ice'; readonly memberId: number; readonly credentials: IceCredentials }
  /** The result of a new offer and answer. */
  | { readonly type: 'set_direction'; readonly memberId: number; readonly direction: Direction }
  | { readonly type: 'set_keys'; readonly memberId: number; readonly keys: SrtpKeys }
  | { readonly type: 'send_dtls'; readonly memberId: number; readonly datagram: Uint8Array };

/** For an endpoint of the kind `relayed`: what waits in its queue is forgotten. */
export type RelayedCommand = { readonly type: 'clear_queue'; readonly memberId: number };

export type AddMember = {
  readonly type: 'add_member';
  readonly memberId: number;
  readonly roomId: number;
  readonly endpoint: EndpointDescription;
  /** What the member sends; a voice by default. */
  readonly kind?: SourceKind | LinkKind;
  /** Of music; unchanged by default. */
  readonly loudness?: MusicLoudness | undefined;
  readonly state: MemberState;
};

/** For an existing member. */
export type MemberCommand =
  | { readonly type: 'set_state'; readonly memberId: number; readonly state: MemberState }
  /** Moves the member to another open room of this worker. */
  | { readonly type: 'move_member'; readonly memberId: number; readonly roomId: number; readonly state: MemberState }
  /** What the tap records arrives as `tapped` events; null ends it. */
  | { readonly type: 'set_tap'; readonly memberId: number; readonly tap: TapRequest | null }
  | { readonly type: 'remove_member'; readonly memberId: number }
  | WebRtcCommand
  | RelayedCommand;

export type MediaCommand =
  | RoomCommand
  | AddMember
  | MemberCommand
  /** What relayed members have sent, as `SentPacketWriter` writes it. */
  | { readonly type: 'relayed_packets'; readonly packets: Uint8Array }
  /** One `relayed_packets` event has been taken. Without it, the worker soon posts no others. */
  | { readonly type: 'relayed_taken' }
  /** Receive media on these addresses and no others. An `addresses` event reports the result. */
  | { readonly type: 'follow_hosts'; readonly hosts: readonly string[] }
  | { readonly type: 'close' };

export type MediaEvent =
  | { readonly type: 'dtls'; readonly memberId: number; readonly datagram: Uint8Array }
  | { readonly type: 'member_silent'; readonly memberId: number; readonly silent: boolean }
  /** The member's media comes from an address unknown to ICE. */
  | { readonly type: 'member_moved'; readonly memberId: number }
  | { readonly type: 'member_closed'; readonly memberId: number; readonly reason: MediaCloseReason }
  /** Whole records of a tap. `isFull`: the next record does not fit, and nothing follows. */
  | { readonly type: 'tapped'; readonly memberId: number; readonly records: Uint8Array; readonly isFull: boolean }
  /** What the taps of all rooms have seen since the last time, as `TapRecordWriter` writes it. */
  | { readonly type: 'room_tapped'; readonly records: Uint8Array }
  /** Mixes for relayed members, and what of their queues was played, as `MixPacketWriter` writes it. */
  | { readonly type: 'relayed_packets'; readonly packets: Uint8Array }
  /** Alternating member ids and levels in dBov; empty when the last speaker has stopped. */
  | {
      readonly type: 'levels';
      readonly roomId: number;
      readonly speaking: readonly number[];
      /** In a room with space, for each listener in it: member id, number of voices heard there, and their member ids. */
      readonly heard?: readonly number[];
    }
  /** For members with receiver reports since the last time; sent before the `stats`. */
  | {
      readonly type: 'networks';
      readonly networks: readonly { readonly memberId: number; readonly network: MediaNetwork }[];
    }
  /** Where media is received now, and where binding has failed. */
  | {
      readonly type: 'addresses';
      readonly addresses: readonly MediaAddress[];
      readonly unbound: readonly UnboundAddress[];
    }
  | { readonly type: 'stats'; readonly stats: MediaFigures }
  /** The worker has reached another overload level; see `overloadMeasures`. */
  | { readonly type: 'overload'; readonly level: number; readonly runningShare: number; readonly waitingShare: number }
  /** Ticks are late, or no longer late, although the worker has spare capacity. */
  | {
      readonly type: 'starved';
      readonly isStarved: boolean;
      readonly runningShare: number;
      readonly waitingShare: number;
      readonly latenessMs: number;
    }
  /** An unexpected failure; the worker continues. At most one a second. */
  | { readonly type: 'failure'; readonly message: string };
