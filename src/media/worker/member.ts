/** One participant in a media worker: the transport on one side, the mixer on the other. */
import type { Clock } from '../../lib/clock.ts';
import type { MixParticipant, MixSink } from '../../mixer/mix/mixer.ts';
import type { Demultiplexer } from '../../rtc/demultiplexer.ts';
import { createRedBlocks, parseRed } from '../../rtc/rtp/red.ts';
import type { Reception } from '../../rtc/rtp/rtcp-session.ts';
import type { Direction } from '../../rtc/sdp/sdp-offer.ts';
import { type ReceivedRtp, WebRtcTransport, type WebRtcTransportParameters } from '../../rtc/webrtc-endpoint.ts';
import type { MediaCloseReason, MediaNetwork } from '../plane.ts';
import type { TransportTotals } from './engine-stats.ts';
import type { PacketRecorder } from './packet-recorder.ts';
import type { MixedRoom } from './room.ts';

export interface RoomMemberOptions {
  /** The transport id. */
  readonly id: number;
  readonly room: MixedRoom;
  readonly parameters: WebRtcTransportParameters;
  readonly muted: boolean;
  readonly deafened: boolean;
  readonly demultiplexer: Demultiplexer;
  readonly clock: Clock;
  readonly totals: TransportTotals;
  /** In [0, 1). */
  readonly random: () => number;
  readonly events: {
    dtls(datagram: Uint8Array): void;
    silent(silent: boolean): void;
    moved(): void;
    closed(reason: MediaCloseReason): void;
    /** There was a receiver report; `network` tells of it. */
    reported(direction: 'incoming' | 'outgoing', reception: Reception): void;
  };
}

export class RoomMember implements MixSink {
  readonly id: number;
  readonly transport: WebRtcTransport;
  #room: MixedRoom;
  #participant: MixParticipant;
  #muted: boolean;
  #deafened: boolean;
  readonly #clock: Clock;
  readonly #totals: TransportTotals;
  readonly #opusPayloadType: number;
  readonly #redPayloadType: number | null;
  readonly #red = createRedBlocks();
  /** The packet sent last, to be repeated in the next one, while the listener loses packets. */
  #sent: Uint8Array | null = null;
  #sentTimestamp = 0;
  #closed = false;
  #recorder: PacketRecorder | null = null;
  /** As told last. */
  #incoming: Reception | null = null;
  #outgoing: Reception | null = null;
  readonly #reported: RoomMemberOptions['events']['reported'];
  /** RFC 3550 section 5.1: the initial timestamp should be random. */
  readonly #timestampOffset: number;

  constructor(options: RoomMemberOptions) {
    const { id, room, parameters, muted, deafened, demultiplexer, clock, totals, random, events } = options;
    this.id = id;
    this.#room = room;
    this.#muted = muted;
    this.#deafened = deafened;
    this.#clock = clock;
    this.#totals = totals;
    this.#opusPayloadType = parameters.opusPayloadType;
    this.#redPayloadType = parameters.redPayloadType;
    this.#reported = events.reported;
    this.#timestampOffset = Math.floor(random() * 2 ** 32);
    this.transport = new WebRtcTransport({
      id,
      parameters,
      demultiplexer,
      nowMs: clock.now(),
      random,
      events: {
        rtp: (packet, nowMs) => this.#receive(packet, nowMs),
        sourceChanged: () => this.#room.mixer.restartSource(this.#participant),
        dtls: events.dtls,
        silent: events.silent,
        moved: events.moved,
        closed: events.closed,
      },
    });
    this.#participant = room.mixer.add({ sink: this, ...this.#inMix });
    room.add(this.#participant, id);
  }

  /** Into another room of the same worker: what is heard in the one fades before the other begins; RTP goes on. */
  moveTo(room: MixedRoom, { muted, deafened }: { readonly muted: boolean; readonly deafened: boolean }): void {
    this.#room.dismiss(this.#participant);
    this.#room = room;
    this.#muted = muted;
    this.#deafened = deafened;
    this.#participant = room.mixer.add({ sink: this, ...this.#inMix, arriving: true });
    room.add(this.#participant, this.id);
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#room.mixer.setMuted(this.#participant, this.#inMix.muted);
  }

  setDeafened(deafened: boolean): void {
    this.#deafened = deafened;
    this.#room.mixer.setDeafened(this.#participant, this.#inMix.deafened);
  }

  /** What a new offer and its answer agreed on. */
  setDirection(direction: Direction): void {
    this.transport.setDirection(direction);
    this.setMuted(this.#muted);
    this.setDeafened(this.#deafened);
  }

  /** No mix is made for those who do not receive, and nothing is expected of those who do not send. */
  get #inMix(): { readonly muted: boolean; readonly deafened: boolean } {
    const { sends, receives } = this.transport;
    return { muted: this.#muted || !receives, deafened: this.#deafened || !sends };
  }

  /** Everything that is sent and received from now on is recorded in the clear; null: nothing is. */
  setRecorder(recorder: PacketRecorder | null): void {
    this.#recorder?.flush();
    this.#recorder = recorder;
    this.transport.setTap(recorder);
  }

  /** To be called about ten times a second. */
  housekeeping(nowMs: number, wallNowMs: number): void {
    this.#recorder?.flush();
    this.transport.housekeeping(nowMs, wallNowMs);
    this.#lookAtReports();
  }

  get network(): MediaNetwork {
    const { incoming, outgoing, roundTripMs } = this.transport;
    return { incoming, outgoing, roundTripMs };
  }

  /** From the mixer, once a tick at most. */
  write(payload: Uint8Array, timestamp: number, marker: boolean): void {
    // The room that this participant was moved from may have a last packet.
    if (this.#closed) return;
    const nowMs = this.#clock.now();
    const { wantsRedundancy } = this.transport;
    const red = wantsRedundancy ? this.#withPrevious(payload, timestamp) : null;
    const content = red ?? payload;
    const rtpTimestamp = (timestamp + this.#timestampOffset) >>> 0;
    if (this.transport.sendRtp(content, rtpTimestamp, marker, nowMs, red !== null)) {
      // To note a young object in an old one is not free.
      if (wantsRedundancy || this.#sent !== null) this.#sent = wantsRedundancy ? payload : null;
      this.#sentTimestamp = timestamp;
      this.#totals.rtpPacketsOut++;
      this.#totals.rtpBytesOut += content.length;
      if (red !== null) this.#totals.redundantPacketsOut++;
    }
    this.#totals.sendMs += this.#clock.now() - nowMs;
  }

  close(): void {
    this.#closed = true;
    this.#room.remove(this.#participant);
    this.transport.close(this.#clock.now(), this.#clock.wallNow());
    this.setRecorder(null);
    this.#totals.srtpRejected += this.srtpRejected;
  }

  /** Packets on this transport that were forged, replayed or malformed. */
  get srtpRejected(): number {
    const { srtpForged, srtpReplayed, srtpMalformed } = this.transport.counters;
    return srtpForged + srtpReplayed + srtpMalformed;
  }

  /** However often a peer reports, it counts once in each housekeeping. */
  #lookAtReports(): void {
    const { incoming, outgoing } = this.transport;
    if (incoming !== null && incoming !== this.#incoming) this.#reported('incoming', incoming);
    if (outgoing !== null && outgoing !== this.#outgoing) this.#reported('outgoing', outgoing);
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  #withPrevious(payload: Uint8Array, timestamp: number): Uint8Array | null {
    if (this.#sent === null) return null;
    const { redundancy } = this.#room;
    return redundancy.payload(this.#sent, this.#sentTimestamp, payload, timestamp, this.#opusPayloadType);
  }

  #receive(packet: ReceivedRtp, nowMs: number): void {
    this.#totals.rtpPacketsIn++;
    this.#totals.rtpBytesIn += packet.payload.length;
    if (packet.payloadType !== this.#redPayloadType) {
      this.#push(packet, packet.payload, 0, 0, nowMs);
      return;
    }
    const { payload } = packet;
    if (!parseRed(payload, this.#opusPayloadType, this.#red)) return;
    const { blocks, count } = this.#red;
    for (let i = 0; i < count; i++) {
      const block = blocks[i]!;
      // Browsers repeat the packets just before this one, so a block's place tells its sequence number.
      this.#push(packet, payload.subarray(block.start, block.end), count - 1 - i, block.timestampOffset, nowMs);
    }
  }

  /** @param age how many packets before `packet` this payload was the primary one; 0 for the packet's own */
  #push(packet: ReceivedRtp, payload: Uint8Array, age: number, timestampOffset: number, nowMs: number): void {
    this.#room.mixer.push(
      this.#participant,
      {
        sequenceNumber: (packet.sequenceNumber - age) & 0xffff,
        timestamp: (packet.timestamp - timestampOffset) >>> 0,
        payload,
        levelDbov: packet.audioLevelDbov,
        redundant: age > 0,
      },
      nowMs,
    );
  }
}
