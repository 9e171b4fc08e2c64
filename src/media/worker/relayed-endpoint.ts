/**
 * The endpoint of a member whose packets the control plane passes on, whatever brings them there: a player, a bot, a
 * client with a protocol of its own. It has no network. Packets are played as they arrive, or wait in a queue here, so
 * that their rhythm does not depend on the control plane.
 */
import { packetSamples } from '../../formats/opus-packet.ts';
import type { VoicePacket } from '../../formats/voice-packet.ts';
import type { Millis } from '../../lib/clock.ts';
import { FRAME_SAMPLES } from '../../mixer/format.ts';
import type { Endpoint, EndpointEvents, MediaNetwork, Tap, VoiceCounters } from '../endpoint.ts';
import { MAX_QUEUED_SAMPLES, type RelayedParameters } from '../relayed.ts';
import { RelayedCapture } from './relayed-capture.ts';

const NO_NETWORK: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };
/** What is later than this is not played faster to make up for it. */
const MAX_LAG = 5 * FRAME_SAMPLES;
/** Packets can be as short as 2.5 ms. */
const MAX_QUEUED_PACKETS = MAX_QUEUED_SAMPLES / (FRAME_SAMPLES / 8);

/** Takes what is sent to a relayed member. False if it was dropped. */
export type RelayMix = (memberId: number, payload: Uint8Array, timestamp: number, marker: boolean) => boolean;

export interface RelayedEndpointOptions {
  readonly id: number;
  readonly parameters: RelayedParameters;
  readonly events: EndpointEvents;
  readonly relay: RelayMix;
  /** Called when it closes. */
  readonly onClosed: () => void;
}

interface Queued {
  readonly payload: Uint8Array;
  readonly levelDbov: number | null;
  readonly samples: number;
}

export class RelayedEndpoint implements Endpoint {
  readonly id: number;
  readonly network = NO_NETWORK;
  readonly sends: boolean;
  readonly receives: boolean;
  readonly takesStereo: boolean;
  readonly protocol = null;
  readonly #events: EndpointEvents;
  readonly #relay: RelayMix;
  readonly #onClosed: () => void;
  #closed = false;
  readonly #counters = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0, packetsRejected: 0 };
  readonly #queue: Queued[] = [];
  /** For packets from the queue. */
  readonly #packet: VoicePacket = {
    sequenceNumber: 0,
    timestamp: 0,
    payload: new Uint8Array(0),
    levelDbov: null,
    redundant: false,
  };
  /** When the next packet of the queue begins, in samples on the scale of ticks. */
  #nextAt = 0;
  #playedSamples = 0;
  /** As last returned by `takePlayed`. */
  #reportedSamples = 0;
  #isDrained = true;
  #capture: RelayedCapture | null = null;

  constructor({ id, parameters, events, relay, onClosed }: RelayedEndpointOptions) {
    this.id = id;
    this.sends = parameters.listens;
    this.receives = parameters.speaks;
    this.takesStereo = parameters.takesStereo ?? false;
    this.#events = events;
    this.#relay = relay;
    this.#onClosed = onClosed;
  }

  countInto(totals: VoiceCounters): void {
    for (const name of ['packetsIn', 'bytesIn', 'packetsOut', 'bytesOut', 'packetsRejected'] as const) {
      totals[name] += this.#counters[name];
    }
  }

  send(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis): void {
    if (!this.sends || this.#closed || !this.#relay(this.id, payload, timestamp >>> 0, marker)) return;
    this.#counters.packetsOut++;
    this.#counters.bytesOut += payload.length;
    this.#capture?.sent(payload, timestamp, marker, nowMs);
  }

  /** A packet that is played as it arrives. */
  receive(packet: VoicePacket, startsStream: boolean, nowMs: Millis): void {
    if (!this.#accept(packet.payload)) return;
    if (startsStream) this.#events.sourceChanged();
    this.#capture?.received(packet, nowMs);
    this.#events.packet(packet, nowMs);
  }

  /** A packet that waits for its turn. */
  enqueue({ payload, levelDbov }: VoicePacket): void {
    const samples = packetSamples(payload);
    if (this.#queue.length >= MAX_QUEUED_PACKETS) this.#counters.packetsRejected++;
    else if (this.#accept(payload)) {
      this.#queue.push({ payload, levelDbov, samples });
      return;
    }
    // The other side counts on being told of everything.
    this.#playedSamples += samples;
  }

  /** Forgets what waits, and fades what sounds. */
  clear(): void {
    for (const { samples } of this.#queue) this.#playedSamples += samples;
    this.#queue.length = 0;
    this.#events.sourceChanged();
  }

  /** Packets wait for their turn. */
  get isPlaying(): boolean {
    return this.#queue.length > 0;
  }

  /** Passes on what is due in this tick, before it is mixed. */
  play(tick: number, nowMs: Millis): void {
    if (this.#queue.length === 0) return;
    const now = tick * FRAME_SAMPLES;
    // Late because there was nothing, or because ticks were skipped.
    if (this.#nextAt < now - MAX_LAG || (this.#isDrained && this.#nextAt < now)) this.#nextAt = now;
    let played = 0;
    for (const { payload, levelDbov, samples } of this.#queue) {
      if (this.#nextAt > now) break;
      const packet = this.#packet;
      packet.sequenceNumber = (packet.sequenceNumber + 1) & 0xffff;
      packet.timestamp = this.#nextAt >>> 0;
      packet.payload = payload;
      packet.levelDbov = levelDbov;
      this.#nextAt += samples;
      this.#playedSamples += samples;
      played++;
      this.#capture?.received(packet, nowMs);
      this.#events.packet(packet, nowMs);
    }
    this.#queue.splice(0, played);
    this.#isDrained = this.#queue.length === 0;
  }

  /** How many samples of the queue have been played or cleared, if that has changed since the last call. */
  takePlayed(): number | undefined {
    if (this.#playedSamples === this.#reportedSamples) return undefined;
    this.#reportedSamples = this.#playedSamples;
    return this.#playedSamples;
  }

  /** Whoever brings the packets knows when they end. */
  housekeeping(): void {}

  /** The tap sees RTP packets that carry what is relayed. */
  setTap(tap: Tap | null): void {
    this.#capture = tap === null ? null : new RelayedCapture(tap, this.id);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#onClosed();
  }

  #accept(payload: Uint8Array): boolean {
    if (this.#closed || !this.receives || packetSamples(payload) === 0) {
      this.#counters.packetsRejected++;
      return false;
    }
    this.#counters.packetsIn++;
    this.#counters.bytesIn += payload.length;
    return true;
  }
}
