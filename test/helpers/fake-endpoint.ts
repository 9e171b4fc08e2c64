import type { Endpoint, EndpointEvents, MediaNetwork, Tap, VoiceCounters } from '../../src/media/endpoint.ts';

/** What an endpoint was asked to send. */
export interface SentPacket {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly nowMs: number;
}

/** An endpoint without a network, which the test plays. */
export class FakeEndpoint implements Endpoint {
  readonly events: EndpointEvents;
  network: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };
  sends = true;
  receives = true;
  takesStereo = false;
  protocol: 'udp' | 'tcp' | null = 'udp';
  tap: Tap | null = null;
  readonly sent: SentPacket[] = [];
  readonly housekept: (readonly [nowMs: number, wallNowMs: number])[] = [];
  readonly closed: (readonly [nowMs: number, wallNowMs: number])[] = [];
  counters: Partial<VoiceCounters> = {};
  /** Called while a packet is sent. */
  onSend: () => void = () => {};
  #sequenceNumber = 0;

  constructor(events: EndpointEvents) {
    this.events = events;
  }

  /** A packet from the participant; see `Room.run` of `perfect-room.ts` for its timestamps. */
  say(payload: Uint8Array, timestamp: number, nowMs: number): void {
    const sequenceNumber = this.#sequenceNumber++ & 0xffff;
    this.events.packet({ sequenceNumber, timestamp, payload, levelDbov: -25, redundant: false }, nowMs);
  }

  countInto(totals: VoiceCounters): void {
    for (const [name, count] of Object.entries(this.counters)) totals[name as keyof VoiceCounters] += count;
  }

  send(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: number): void {
    this.sent.push({ payload, timestamp, marker, nowMs });
    this.onSend();
  }

  housekeeping(nowMs: number, wallNowMs: number): void {
    this.housekept.push([nowMs, wallNowMs]);
  }

  setTap(tap: Tap | null): void {
    this.tap = tap;
  }

  close(nowMs: number, wallNowMs: number): void {
    this.closed.push([nowMs, wallNowMs]);
  }
}
