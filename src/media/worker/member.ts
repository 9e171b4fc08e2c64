/** One member of a room in a media worker: an endpoint on one side, a place in the mixer on the other. */
import type { Clock } from '../../lib/clock.ts';
import { ChannelSet, ROOM_CHANNEL } from '../../mixer/mix/channel-set.ts';
import type { MixParticipant, MixSink } from '../../mixer/mix/mix-participant.ts';
import { type Address, TO_ROOM } from '../../mixer/mix/voice-path.ts';
import type { LinkKind, SourceKind } from '../../mixer/source/mix-source.ts';
import type { MusicLoudness } from '../../mixer/source/music-level.ts';
import type { Endpoint, EndpointEvents, MediaNetwork, Reception, Tap } from '../endpoint.ts';
import type { MediaCloseReason, MemberState } from '../plane.ts';
import type { MixedRoom } from './room.ts';

export interface RoomMemberOptions {
  readonly id: number;
  readonly room: MixedRoom;
  readonly state: MemberState;
  /** A voice by default. */
  readonly kind?: SourceKind | LinkKind;
  /** Of music; unchanged by default. */
  readonly loudness?: MusicLoudness | undefined;
  /** Creates the endpoint, which reports what arrives through the events. */
  readonly openEndpoint: (events: EndpointEvents) => Endpoint;
  readonly clock: Clock;
  /** Accumulates the time spent protecting and sending the mix. */
  readonly sendTime: { ms: number };
  readonly events: {
    silent(silent: boolean): void;
    moved(): void;
    closed(reason: MediaCloseReason): void;
    /** Something is to be heard, or may be: the next ticks are needed. */
    sounds(): void;
    /** There was a receiver report; see `network`. */
    reported(direction: 'incoming' | 'outgoing', reception: Reception): void;
  };
}

export class RoomMember implements MixSink {
  readonly id: number;
  readonly endpoint: Endpoint;
  #room: MixedRoom;
  #participant: MixParticipant;
  #state: MemberState;
  readonly #kind: SourceKind | LinkKind;
  /** It is no participant, but another part of the room. */
  readonly #isLink: boolean;
  readonly #loudness: MusicLoudness | undefined;
  readonly #clock: Clock;
  readonly #sendTime: { ms: number };
  readonly #reported: RoomMemberOptions['events']['reported'];
  #closed = false;
  #tap: Tap | null = null;
  /** How many RTP streams there were before this one. */
  #stream = 0;
  /** What they say is for everybody in the room, and not muted. */
  #speaksToRoom: boolean;
  /** As last reported. */
  #incoming: Reception | null = null;
  #outgoing: Reception | null = null;

  constructor(options: RoomMemberOptions) {
    const { id, room, state, kind = 'voice', loudness, openEndpoint, clock, sendTime, events } = options;
    this.id = id;
    this.#room = room;
    this.#state = state;
    this.#kind = kind;
    this.#loudness = loudness;
    this.#isLink = kind === 'leaf' || kind === 'home';
    this.#speaksToRoom = speaksToRoom(state);
    this.#clock = clock;
    this.#sendTime = sendTime;
    this.#reported = events.reported;
    this.endpoint = openEndpoint({
      packet: (packet, nowMs) => {
        if (this.#room.tap !== null && this.#speaksToRoom && !this.#isLink)
          this.#room.tap.heard(id, this.#stream, packet, nowMs);
        if (this.#room.mixer.push(this.#participant, packet, nowMs)) events.sounds();
      },
      sourceChanged: () => {
        this.#stream = (this.#stream + 1) & 0xffff;
        this.#room.mixer.restartSource(this.#participant);
      },
      directionChanged: () => this.#applyState(),
      silent: events.silent,
      moved: events.moved,
      closed: events.closed,
    });
    this.#participant = this.#enter(room, false);
  }

  get network(): MediaNetwork {
    return this.endpoint.network;
  }

  /** Moves to another room of the same worker. The old room fades before the new one begins; the endpoint continues. */
  moveTo(room: MixedRoom, state: MemberState): void {
    this.#room.dismiss(this.#participant);
    this.#room = room;
    this.#state = state;
    this.#speaksToRoom = speaksToRoom(state);
    this.#participant = this.#enter(room, true);
  }

  setState(state: MemberState): void {
    this.#state = state;
    this.#speaksToRoom = speaksToRoom(state);
    this.#applyState();
    const { mixer } = this.#room;
    mixer.setHearing(this.#participant, gainsOf(state));
    mixer.setAddress(this.#participant, addressOf(state));
    mixer.setChannels(this.#participant, channelsOf(state));
  }

  /** From now on the tap sees everything sent and received; null removes it. */
  setTap(tap: Tap | null): void {
    this.#tap?.flush();
    this.#tap = tap;
    this.endpoint.setTap(tap);
  }

  /** Call about ten times a second. */
  housekeeping(nowMs: number, wallNowMs: number): void {
    this.#tap?.flush();
    this.endpoint.housekeeping(nowMs, wallNowMs);
    if (!this.#closed) this.#lookAtReports();
  }

  /** Called by the mixer, at most once a tick. */
  write(payload: Uint8Array, timestamp: number, marker: boolean): void {
    // The room that this member left may have a last packet.
    if (this.#closed) return;
    const nowMs = this.#clock.now();
    this.endpoint.send(payload, timestamp, marker, nowMs);
    this.#sendTime.ms += this.#clock.now() - nowMs;
  }

  close(): void {
    this.#closed = true;
    this.#room.remove(this.#participant);
    this.endpoint.close(this.#clock.now(), this.#clock.wallNow());
    this.setTap(null);
  }

  #enter(room: MixedRoom, arriving: boolean): MixParticipant {
    const hearing = gainsOf(this.#state);
    const participant = room.mixer.add({
      sink: this,
      kind: this.#kind,
      loudness: this.#loudness,
      ...this.#inMix,
      voice: this.id,
      hearing,
      address: addressOf(this.#state),
      channels: channelsOf(this.#state),
      arriving,
      takesStereo: this.endpoint.takesStereo,
    });
    // Who speaks at the other end of a link is told there.
    if (!this.#isLink) room.add(participant, this.id);
    return participant;
  }

  #applyState(): void {
    const { muted, deafened } = this.#inMix;
    const { mixer } = this.#room;
    mixer.setMuted(this.#participant, muted);
    mixer.setDeafened(this.#participant, deafened);
  }

  /** No mix is made for members that do not receive, and nothing is expected from those that do not send. */
  get #inMix(): { readonly muted: boolean; readonly deafened: boolean } {
    const { sends, receives } = this.endpoint;
    return { muted: this.#state.muted || !receives, deafened: this.#state.deafened || !sends };
  }

  /** However often a peer reports, it counts once per housekeeping. */
  #lookAtReports(): void {
    const { incoming, outgoing } = this.endpoint.network;
    if (incoming !== null && incoming !== this.#incoming) this.#reported('incoming', incoming);
    if (outgoing !== null && outgoing !== this.#outgoing) this.#reported('outgoing', outgoing);
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }
}

function speaksToRoom({ muted, plan }: MemberState): boolean {
  return !muted && (plan === undefined || plan.speaksInto.includes(ROOM_CHANNEL));
}

/** Linear gains by member id. */
function gainsOf({ hearing }: MemberState): ReadonlyMap<number, number> {
  return new Map(hearing.map(({ seatId, gain }) => [seatId, gain]));
}

function addressOf({ plan }: MemberState): Address {
  if (plan === undefined) return TO_ROOM;
  return { channels: ChannelSet.of(plan.speaksInto), whispersTo: new Set(plan.whispersTo) };
}

function channelsOf({ plan }: MemberState): ChannelSet {
  return plan === undefined ? ChannelSet.ROOM : ChannelSet.of(plan.hears);
}
