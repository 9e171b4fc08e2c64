/** The seat of a participant whose packets the control plane passes on. */
import { packetSamples } from '../../formats/opus-packet.ts';
import type { RelayedSeat } from '../plane.ts';
import { MAX_QUEUED_SAMPLES, type RelayedOptions, type RelayedPacket } from '../relayed.ts';
import { ControlSeat, type SeatContext, type SeatPlace } from './control-seat.ts';
import type { WorkerRelay } from './worker-relay.ts';

const DIRECT = { queued: false, startsStream: false };
const STREAM_START = { queued: false, startsStream: true };
const QUEUED = { queued: true, startsStream: false };

export class RelayedControlSeat extends ControlSeat implements RelayedSeat {
  readonly kind = 'relayed';
  readonly #options: RelayedOptions;
  readonly #relay: WorkerRelay;
  #queuedSamples = 0;
  #playedSamples = 0;

  constructor(options: RelayedOptions, place: SeatPlace, { relay, ...context }: SeatContext & { relay: WorkerRelay }) {
    super(context, options, place);
    this.#options = options;
    this.#relay = relay;
  }

  start(): void {
    const { id: memberId, roomId, kindOfSource: kind, initialState: state } = this;
    const { speaks, listens, takesStereo = false, sink, loudness } = this.#options;
    this.post({
      type: 'add_member',
      memberId,
      roomId,
      kind,
      loudness,
      state,
      endpoint: { kind: 'relayed', parameters: { speaks, listens, takesStereo } },
    });
    this.#relay.add(memberId, {
      mix: (payload, timestamp, marker) => sink.mix(payload, timestamp, marker),
      played: (samples) => {
        this.#playedSamples = samples;
        sink.played?.(samples);
      },
    });
    // The room learns of the seat first.
    queueMicrotask(() => {
      if (this.isOpen) this.events.connected();
    });
  }

  send(packet: RelayedPacket, startsStream = false): boolean {
    return this.isOpen && this.#relay.send(this.id, packet, startsStream ? STREAM_START : DIRECT);
  }

  get queuedSamples(): number {
    return this.#queuedSamples;
  }

  get waitingSamples(): number {
    return this.#queuedSamples - this.#playedSamples;
  }

  enqueue(payload: Uint8Array, levelDbov: number | null = null): boolean {
    const samples = packetSamples(payload);
    if (samples === 0 || !this.isOpen || this.waitingSamples + samples > MAX_QUEUED_SAMPLES) return false;
    if (!this.#relay.send(this.id, { sequenceNumber: 0, timestamp: 0, payload, levelDbov }, QUEUED)) return false;
    this.#queuedSamples += samples;
    return true;
  }

  clearQueue(): void {
    this.#relay.flush();
    this.post({ type: 'clear_queue', memberId: this.id });
  }

  protected free(): void {
    this.#relay.flush();
    this.#relay.remove(this.id);
  }
}
