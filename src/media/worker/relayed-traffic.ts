import type { Millis } from '../../lib/clock.ts';
import type { EndpointEvents } from '../endpoint.ts';
import { MixPacketWriter, SentPacketReader } from '../link/relayed-packets.ts';
import type { RelayedParameters } from '../relayed.ts';
import { RelayedEndpoint } from './relayed-endpoint.ts';

/** A second of messages that the control plane has not taken. It is busy, and more would only become old. */
const MAX_UNTAKEN = 50;
/** How often the control plane learns what has been played. */
const PLAYED_EVERY_TICKS = 5;

/** The packets of all relayed members of a worker: in by the message, out in one message a tick. */
export class RelayedTraffic {
  readonly #endpoints = new Map<number, RelayedEndpoint>();
  readonly #reader = new SentPacketReader();
  readonly #writer = new MixPacketWriter();
  readonly #failed: (memberId: number, error: unknown) => void;
  #untaken = 0;
  #dropped = 0;

  /** @param failed an error that concerns one member, and must not end the worker */
  constructor(failed: (memberId: number, error: unknown) => void) {
    this.#failed = failed;
  }

  /** Members that are relayed. */
  get size(): number {
    return this.#endpoints.size;
  }

  /** Packets wait for their turn. */
  get isPlaying(): boolean {
    for (const endpoint of this.#endpoints.values()) if (endpoint.isPlaying) return true;
    return false;
  }

  /** Packets of the mix for which the control plane was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  open(id: number, parameters: RelayedParameters, events: EndpointEvents): RelayedEndpoint {
    const endpoint = new RelayedEndpoint({
      id,
      parameters,
      events,
      relay: (memberId, payload, timestamp, marker) => this.#relay(memberId, payload, timestamp, marker),
      onClosed: () => this.#endpoints.delete(id),
    });
    this.#endpoints.set(id, endpoint);
    return endpoint;
  }

  /** What members have sent, from a `SentPacketWriter`. */
  receive(packets: Uint8Array, nowMs: Millis): void {
    const reader = this.#reader;
    reader.open(packets);
    while (reader.next()) {
      const endpoint = this.#endpoints.get(reader.memberId);
      try {
        if (reader.queued) endpoint?.enqueue(reader.packet);
        else endpoint?.receive(reader.packet, reader.startsStream, nowMs);
      } catch (error) {
        this.#failed(reader.memberId, error);
      }
    }
  }

  /** Call before the rooms are mixed. */
  play(tick: number, nowMs: Millis): void {
    for (const endpoint of this.#endpoints.values()) {
      try {
        endpoint.play(tick, nowMs);
      } catch (error) {
        this.#failed(endpoint.id, error);
      }
    }
  }

  /** Call after the rooms have been mixed. Null if there is nothing to post. */
  take(tick: number): Uint8Array | null {
    if (tick % PLAYED_EVERY_TICKS === 0) this.#reportPlayed();
    const packets = this.#writer.take();
    if (packets !== null) this.#untaken++;
    return packets;
  }

  /** The control plane has taken one message. */
  taken(): void {
    this.#untaken--;
  }

  #reportPlayed(): void {
    if (this.#untaken >= MAX_UNTAKEN) return;
    for (const endpoint of this.#endpoints.values()) {
      const samples = endpoint.takePlayed();
      if (samples !== undefined) this.#writer.addPlayed(endpoint.id, samples);
    }
  }

  #relay(memberId: number, payload: Uint8Array, timestamp: number, marker: boolean): boolean {
    if (this.#untaken < MAX_UNTAKEN && this.#writer.add(memberId, payload, timestamp, marker)) return true;
    this.#dropped++;
    return false;
  }
}
