/**
 * Puts the packets of one source into order and hands out each at its time, one call per frame to be played.
 *
 * The caller provides the clock: `push` when a packet arrives, `pop` whenever the decoder needs the next frame. The
 * playout point is an unwrapped RTP timestamp. It advances by what is handed out or given up as lost. If nothing at all
 * is there, or the delay is less than the jitter requires ('late'), it stands still for a while, because the missing
 * packet may only be delayed. If that packet arrives, it is played and the source has more delay than before; if a
 * later one arrives first, the pause counts as the loss.
 */

import { isDtx, packetSamples } from '../../formats/opus-packet.ts';
import { PlausibleLoss } from '../../formats/plausible-loss.ts';
import { Unwrapper } from '../../lib/serial.ts';
import { FRAME_SAMPLES, PTIME_MS, SAMPLES_PER_MS } from '../format.ts';
import { DelayEstimator } from './delay-estimator.ts';
import { RedundancyWait } from './redundancy-wait.ts';

/** Half a second of 20 ms packets. */
const CAPACITY = 25;
/** A larger jump of the timestamp or sequence number means a new stream, not a delay. */
const MAX_TIMESTAMP_JUMP = 5000 * SAMPLES_PER_MS;
const MAX_SEQUENCE_JUMP = 1000;
/** Frames of concealment after which a source that sends nothing is considered silent. */
const MAX_LATE_FRAMES = 5;
/** Delay beyond this above the target is not worth keeping, even if speech is lost. */
const MAX_EXCESS_MS = 100;
/** A shortage of at least this much against the target is worth a correction; the target itself fluctuates less. */
const SHORTAGE_MS = 2;
/** The fixed tick rounds every wait up by as much as one frame. */
const TICK_PHASE_MS = PTIME_MS;

/** A packet in the buffer. Objects are reused: valid until the next call of `pop`. */
export interface BufferedPacket {
  payload: Uint8Array;
  /** From RFC 6464, or null if the sender does not say. */
  levelDbov: number | null;
  durationSamples: number;
  /** It arrived only as redundancy in another packet (RFC 2198). */
  recovered: boolean;
}

interface Slot extends BufferedPacket {
  timestamp: number;
  sequenceNumber: number;
}

export type Playout =
  /** `packet` is the next one to decode. */
  | 'packet'
  /** The next frame will never come, but a later one is there: conceal one frame. */
  | 'lost'
  /** The next frame is not there (yet): conceal one frame. */
  | 'late'
  /** The source is silent. */
  | 'idle';

export interface JitterBufferCounters {
  packetsLost: number;
  packetsLate: number;
  packetsDuplicate: number;
  packetsDiscarded: number;
  framesRecovered: number;
}

const NO_PAYLOAD = new Uint8Array(0);

export class JitterBuffer {
  /** The packet announced by the last `pop`. */
  packet: BufferedPacket;

  readonly #counters: JitterBufferCounters;
  readonly #delay = new DelayEstimator();
  readonly #redundancy = new RedundancyWait();
  readonly #plausible = new PlausibleLoss(SAMPLES_PER_MS);
  readonly #timestamps = new Unwrapper(32);
  readonly #sequenceNumbers = new Unwrapper(16);
  /** The first `#size` are waiting, in order; the last is the packet that was handed out. The others are free. */
  readonly #slots: Slot[];
  #size = 0;

  #playing = false;
  #started = false;
  #nextTimestamp = 0;
  /** The sequence number of the last packet handed out; undefined before the first. */
  #lastSequenceNumber: number | undefined;
  #newestTimestamp = 0;
  #newestSequenceNumber = 0;
  #newestDurationSamples = 0;
  #afterDtx = false;
  #lateFrames = 0;
  #delayMs = 0;

  constructor(counters: JitterBufferCounters) {
    this.#counters = counters;
    this.#slots = Array.from({ length: CAPACITY + 1 }, newSlot);
    this.packet = this.#slots[CAPACITY]!;
  }

  /** Neither holds packets nor plays: `pop` will return 'idle' until the next `push`. */
  get idle(): boolean {
    return this.#size === 0 && !this.#playing;
  }

  /** The next packet; only if it is not `empty`. */
  get head(): BufferedPacket {
    return this.#slots[0]!;
  }

  /** How long the last played packet had waited, relative to the fastest possible arrival. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** The delay that the buffer aims at (the tick adds 0 to 20 ms). */
  targetMs(nowMs: number): number {
    return this.#delay.targetMs(nowMs) + this.#redundancy.waitMs(nowMs);
  }

  /** True while the delay is clearly less than the target: late packets will be missed. */
  hasShortage(nowMs: number): boolean {
    return this.#playing && this.#delayMs < this.targetMs(nowMs) - SHORTAGE_MS;
  }

  /** No packet waits. */
  get empty(): boolean {
    return this.#size === 0;
  }

  /** True while the delay exceeds what jitter and tick require, so that an unimportant frame may be skipped. */
  hasExcess(nowMs: number): boolean {
    return this.#playing && this.#delayMs > this.targetMs(nowMs) + TICK_PHASE_MS;
  }

  /**
   * Takes a packet from the network. Redundant copies (RFC 2198) have the sequence number and timestamp of their
   * original and say nothing about delay.
   */
  push(
    sequenceNumber: number,
    timestamp: number,
    payload: Uint8Array,
    levelDbov: number | null,
    redundant: boolean,
    nowMs: number,
  ): void {
    const durationSamples = packetSamples(payload);
    if (durationSamples === 0) {
      this.#counters.packetsDiscarded++;
      return;
    }
    if (redundant && !this.#started) return;
    const sequence = this.#sequenceNumbers.unwrap(sequenceNumber);
    const time = this.#timestamps.unwrap(timestamp);
    const step = this.#started ? sequence - this.#newestSequenceNumber : 1;
    const isJump = this.#started && isNewStream(step, time - this.#newestTimestamp);
    // A redundant copy must not start a new stream.
    if (isJump && redundant) return;
    const isPlausible = step <= 0 || this.#isPlausible(step, durationSamples, nowMs);
    if (isJump || !isPlausible) {
      // A long outage ends like this, too, and packets sent meanwhile were lost.
      if (isPlausible && step > 0) this.#counters.packetsLost += step - 1;
      if (!redundant) this.#restart(sequenceNumber, timestamp, payload, levelDbov, nowMs);
      return;
    }
    if (step > 0) {
      this.#newestSequenceNumber = sequence;
      this.#newestTimestamp = time;
      this.#newestDurationSamples = durationSamples;
    }
    this.#started = true;
    if (redundant) this.#redundancy.copy(time);
    else this.#redundancy.packet(time, nowMs);
    const relativeDelayMs = redundant ? 0 : this.#delay.observe(time, nowMs);
    if (this.#hasPassed(sequence, time)) {
      if (redundant) return;
      this.#counters.packetsLate++;
      this.#delay.observeLate(relativeDelayMs, nowMs);
      return;
    }
    if (this.#lateFrames > 0 && !redundant) this.#delay.observeLate(relativeDelayMs, nowMs);
    this.#insert(sequence, time, payload, levelDbov, durationSamples, redundant);
  }

  /** What the decoder must do next. Call it once per 20 ms of output, and again after each shorter 'packet'. */
  pop(nowMs: number): Playout {
    if (this.#size === 0) return this.#popEmpty();
    this.#dropHopeless(nowMs);
    const head = this.#slots[0]!;
    if (this.#playing && head.timestamp > this.#nextTimestamp) {
      // Consecutive packets with time between them: the sender was silent in between.
      if (head.sequenceNumber - 1 === this.#lastSequenceNumber) this.pause();
      else if (!this.#isHopeless(this.#nextTimestamp, nowMs) && !this.#lossIsOver(head)) {
        return this.hasShortage(nowMs) ? this.#popLate() : this.#popLost(head);
      }
    }
    if (!this.#playing) {
      const due = this.#delay.idealArrivalMs(head.timestamp) + this.targetMs(nowMs);
      if (nowMs < due) return 'idle';
    }
    return this.#popPacket(nowMs);
  }

  /**
   * Whether the packets missing before the newest one can have been lost. They may have been shorter than their
   * neighbours.
   */
  #isPlausible(step: number, durationSamples: number, nowMs: number): boolean {
    const samples = this.#started ? Math.min(durationSamples, this.#newestDurationSamples) : durationSamples;
    return this.#plausible.follow(step, samples, nowMs);
  }

  /** Hands out the next packet before its time, because it is not played and neither is anything before it. */
  skip(nowMs: number): BufferedPacket {
    this.#popPacket(nowMs);
    this.pause();
    return this.packet;
  }

  /** Ends the talkspurt: the next packet is played exactly when its target delay has passed. */
  pause(): void {
    this.#playing = false;
    this.#lateFrames = 0;
  }

  /** Forgets everything except the jitter of the path. */
  reset(): void {
    this.#size = 0;
    this.#started = false;
    this.pause();
    this.#timestamps.reset();
    this.#sequenceNumbers.reset();
    this.#lastSequenceNumber = undefined;
    this.#delay.rebase();
  }

  #restart(
    sequenceNumber: number,
    timestamp: number,
    payload: Uint8Array,
    levelDbov: number | null,
    nowMs: number,
  ): void {
    this.reset();
    this.push(sequenceNumber, timestamp, payload, levelDbov, false, nowMs);
  }

  #popEmpty(): Playout {
    if (!this.#playing) return 'idle';
    if (this.#afterDtx || this.#lateFrames >= MAX_LATE_FRAMES) {
      this.pause();
      return 'idle';
    }
    return this.#popLate();
  }

  /**
   * The playout point stands still: if the missing packet arrives, it is played with more delay; if not, this was its
   * concealment.
   */
  #popLate(): Playout {
    this.#lateFrames++;
    return 'late';
  }

  /** Whether a packet's turn has passed because others were played instead. */
  #hasPassed(sequenceNumber: number, timestamp: number): boolean {
    if (this.#playing) return timestamp < this.#nextTimestamp;
    return this.#lastSequenceNumber !== undefined && sequenceNumber <= this.#lastSequenceNumber;
  }

  /** The frames concealed while nothing was there turn out to be the beginning of a loss, or all of it. */
  #lossIsOver(head: Slot): boolean {
    return this.#nextTimestamp + this.#lateFrames * FRAME_SAMPLES >= head.timestamp;
  }

  #popLost(head: Slot): Playout {
    this.#nextTimestamp = Math.min(this.#nextTimestamp + (this.#lateFrames + 1) * FRAME_SAMPLES, head.timestamp);
    this.#lateFrames = 0;
    return 'lost';
  }

  /** It is this packet's turn: any packets between the previous one and this one have not arrived in time. */
  #passTo(next: Slot): void {
    if (this.#lastSequenceNumber !== undefined) {
      const lost = next.sequenceNumber - this.#lastSequenceNumber - 1;
      this.#counters.packetsLost += lost;
      for (let i = 0; i < lost; i++) this.#redundancy.played(true);
    }
    this.#lastSequenceNumber = next.sequenceNumber;
  }

  #popPacket(nowMs: number): Playout {
    const slots = this.#slots;
    const taken = slots[0]!;
    // The last slot handed out becomes free; the current one is parked behind the ring until the next call.
    const free = slots[CAPACITY]!;
    this.#size--;
    for (let i = 0; i < this.#size; i++) slots[i] = slots[i + 1]!;
    slots[this.#size] = free;
    slots[CAPACITY] = taken;

    this.#passTo(taken);
    this.#playing = true;
    this.#lateFrames = 0;
    this.#nextTimestamp = taken.timestamp + taken.durationSamples;
    this.#afterDtx = isDtx(taken.payload);
    this.#delayMs = nowMs - this.#delay.idealArrivalMs(taken.timestamp);
    this.#redundancy.played(taken.recovered);
    if (taken.recovered) this.#counters.framesRecovered++;
    this.packet = taken;
    return 'packet';
  }

  /** Drops packets that have waited so long that playing them would delay everything after them. */
  #dropHopeless(nowMs: number): void {
    while (this.#size > 1 && this.#isHopeless(this.#slots[0]!.timestamp, nowMs)) this.#discardHead();
  }

  #isHopeless(timestamp: number, nowMs: number): boolean {
    const delayMs = nowMs - this.#delay.idealArrivalMs(timestamp);
    return delayMs > this.targetMs(nowMs) + MAX_EXCESS_MS;
  }

  #discardHead(): void {
    const slots = this.#slots;
    const head = slots[0]!;
    this.#passTo(head);
    this.#nextTimestamp = head.timestamp + head.durationSamples;
    this.#size--;
    for (let i = 0; i < this.#size; i++) slots[i] = slots[i + 1]!;
    slots[this.#size] = head;
    this.#counters.packetsDiscarded++;
  }

  #insert(
    sequenceNumber: number,
    timestamp: number,
    payload: Uint8Array,
    levelDbov: number | null,
    durationSamples: number,
    redundant: boolean,
  ): void {
    const slots = this.#slots;
    let at = this.#size;
    while (at > 0 && slots[at - 1]!.timestamp > timestamp) at--;
    const before = at > 0 ? slots[at - 1]! : undefined;
    const after = at < this.#size ? slots[at]! : undefined;
    if (before?.timestamp === timestamp) {
      if (!redundant) this.#counters.packetsDuplicate++;
      return;
    }
    // Contradictory sequence numbers and timestamps come from a broken or hostile sender.
    const inOrder =
      (before === undefined || before.sequenceNumber < sequenceNumber) &&
      (after === undefined || after.sequenceNumber > sequenceNumber) &&
      (this.#lastSequenceNumber === undefined || sequenceNumber > this.#lastSequenceNumber);
    if (!inOrder) {
      if (!redundant) this.#counters.packetsDiscarded++;
      return;
    }
    if (this.#size === CAPACITY) {
      if (at === 0) {
        this.#counters.packetsDiscarded++;
        return;
      }
      this.#discardHead();
      at--;
    }
    const slot = slots[this.#size]!;
    for (let i = this.#size; i > at; i--) slots[i] = slots[i - 1]!;
    slots[at] = slot;
    this.#size++;
    slot.sequenceNumber = sequenceNumber;
    slot.timestamp = timestamp;
    slot.payload = payload;
    slot.levelDbov = levelDbov;
    slot.durationSamples = durationSamples;
    slot.recovered = redundant;
  }
}

function newSlot(): Slot {
  return {
    sequenceNumber: 0,
    timestamp: 0,
    payload: NO_PAYLOAD,
    levelDbov: null,
    durationSamples: 0,
    recovered: false,
  };
}

function isNewStream(sequenceDelta: number, timestampDelta: number): boolean {
  return Math.abs(timestampDelta) > MAX_TIMESTAMP_JUMP || Math.abs(sequenceDelta) > MAX_SEQUENCE_JUMP;
}
