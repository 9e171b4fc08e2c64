/** A tap that turns a member's packets into records of a capture file for Wireshark. */

import { MAX_PCAP_RECORD_LENGTH, type PcapEndpoint, writePcapRecord } from '../../formats/pcap.ts';
import type { Clock, Millis } from '../../lib/clock.ts';
import { ipToBytes } from '../../lib/net/ip-address.ts';
import type { NetworkPath } from '../../rtc/net/network-path.ts';
import type { Tap } from '../endpoint.ts';

/** A third of a second of speech in both directions; it is flushed more often. */
const BUFFER_LENGTH = 16 * 1024;
/** A difference this large means that the wall clock was set; smaller ones are due to its resolution. */
const STEP_MS: Millis = 50;
/** The two clocks are read one after the other. A thread that lost its CPU in between has not read the same moment. */
const SAME_MOMENT_MS: Millis = 5;
const UNKNOWN: PcapEndpoint = { address: new Uint8Array(4), port: 0 };

export interface PcapTapOptions {
  /** Maximum size of all records together. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /**
   * Whole records, in memory owned by the receiver. `isFull`: there is no room for the next packet, and nothing
   * follows.
   */
  readonly emit: (records: Uint8Array, isFull: boolean) => void;
}

export class PcapTap implements Tap {
  readonly #emit: PcapTapOptions['emit'];
  readonly #buffer = new Uint8Array(BUFFER_LENGTH);
  readonly #clock: Clock;
  #wallOffsetMs: Millis;
  #length = 0;
  #bytesLeft: number;
  #isFull = false;
  #path: NetworkPath | null = null;
  #local: PcapEndpoint = UNKNOWN;
  #remote: PcapEndpoint = UNKNOWN;

  constructor({ maxBytes, clock, emit }: PcapTapOptions) {
    this.#emit = emit;
    this.#bytesLeft = maxBytes;
    this.#clock = clock;
    this.#wallOffsetMs = clock.wallNow() - clock.now();
  }

  received(packet: Uint8Array, path: NetworkPath, nowMs: Millis): void {
    this.#follow(path);
    this.#record(this.#remote, this.#local, packet, nowMs);
  }

  sent(packet: Uint8Array, path: NetworkPath, nowMs: Millis): void {
    this.#follow(path);
    this.#record(this.#local, this.#remote, packet, nowMs);
  }

  flush(): void {
    this.#followWall();
    if (this.#length === 0) return;
    this.#emit(this.#buffer.slice(0, this.#length), false);
    this.#length = 0;
  }

  /** Packet intervals follow the monotonic clock, but after the wall clock was set they use its new time. */
  #followWall(): void {
    const beforeMs = this.#clock.now();
    const wallNowMs = this.#clock.wallNow();
    const nowMs = this.#clock.now();
    if (nowMs - beforeMs > SAME_MOMENT_MS) return;
    const offsetMs = wallNowMs - nowMs;
    if (Math.abs(offsetMs - this.#wallOffsetMs) >= STEP_MS) this.#wallOffsetMs = offsetMs;
  }

  #record(source: PcapEndpoint, destination: PcapEndpoint, payload: Uint8Array, nowMs: Millis): void {
    if (this.#isFull) return;
    if (BUFFER_LENGTH - this.#length < MAX_PCAP_RECORD_LENGTH) this.flush();
    const wallMs = nowMs + this.#wallOffsetMs;
    const end = writePcapRecord(this.#buffer, this.#length, { source, destination, wallMs, payload });
    this.#bytesLeft -= end - this.#length;
    if (this.#bytesLeft >= 0) {
      this.#length = end;
      return;
    }
    this.#isFull = true;
    this.#emit(this.#buffer.slice(0, this.#length), true);
    this.#length = 0;
  }

  #follow(path: NetworkPath): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#local = endpoint(path.socket.local);
    this.#remote = endpoint(path);
  }
}

function endpoint(at: { readonly address: string; readonly port: number } | undefined): PcapEndpoint {
  const address = at === undefined ? null : ipToBytes(at.address);
  return address === null ? UNKNOWN : { address, port: at!.port };
}
