import { PTIME_MS } from '../../../src/mixer/format.ts';
import { VoiceActivity } from '../../../src/mixer/source/voice-activity.ts';
import type { DelayRule } from './delay-rules.ts';
import type { PlayedPacket, Playout } from './outcome.ts';
import type { Trace, TracePacket } from './trace.ts';

const REFERENCE_WINDOW_MS = 2000;
/** After this many concealed frames, a talker that sends nothing counts as silent. */
const MAX_CONCEALED = 5;
/** If the delay exceeds its target by more than this, speech is skipped. */
const MAX_EXCESS_MS = 100;
const SHORTAGE_MS = 4;
/** Time between two changes of the delay within speech. */
const STRETCH_EVERY_MS = 100;

/**
 * Plays a trace, one frame every 20 ms, with the delay that a rule asks for. It treats the rule better than its
 * original home does: the delay follows the target closely, at once in pauses and by a whole frame every 100 ms in
 * speech. That does not count as a flaw, as if time stretching were free. A missing frame is concealed if later packets
 * are there, which do not move up because of it; if there are none, playback stands still until one arrives.
 */
export function playReference(trace: Trace, rule: DelayRule): Playout {
  const played: PlayedPacket[] = [];
  const concealedAtMs: number[] = [];
  const heardAtMs: number[] = [];
  const voice = new VoiceActivity();
  const buffer = new Map<number, TracePacket>();
  const fastest = new FastestPacket();
  let arrived = 0;
  let next = 0;
  let playing = false;
  let standing = 0;
  let stretchedAtMs = Number.NEGATIVE_INFINITY;

  const delayOf = (n: number, nowMs: number) => nowMs - n * PTIME_MS - fastest.offsetMs;
  const play = (packet: TracePacket, nowMs: number) => {
    buffer.delete(packet.n);
    next = packet.n + 1;
    standing = 0;
    playing = true;
    if (voice.update(packet.levelDbov)) heardAtMs.push(nowMs);
    played.push({ n: packet.n, atMs: nowMs });
  };
  const conceal = (nowMs: number) => {
    if (voice.active) concealedAtMs.push(nowMs);
  };
  /** Whether the delay may change now: because nobody hears it, or because time is stretched. */
  const mayChange = (packet: TracePacket, nowMs: number) => {
    if (packet.levelDbov < voice.thresholdDbov) return true;
    if (nowMs - stretchedAtMs < STRETCH_EVERY_MS) return false;
    stretchedAtMs = nowMs;
    return true;
  };

  for (let nowMs = 0; nowMs < trace.durationMs; nowMs += PTIME_MS) {
    for (; arrived < trace.packets.length && trace.packets[arrived]!.arrivalMs <= nowMs; arrived++) {
      const packet = trace.packets[arrived]!;
      rule.observe(fastest.observe(packet), packet.arrivalMs);
      if (packet.n >= next) buffer.set(packet.n, packet);
    }
    const targetMs = rule.targetMs();
    let head = smallest(buffer);
    if (head === undefined) {
      if (playing && standing < MAX_CONCEALED) {
        standing++;
        conceal(nowMs);
      } else {
        playing = false;
        voice.update(-127);
      }
      continue;
    }
    while (delayOf(head.n, nowMs) > targetMs + MAX_EXCESS_MS && buffer.size > 1) {
      buffer.delete(head.n);
      next = head.n + 1;
      head = smallest(buffer)!;
    }
    if (!playing) {
      if (delayOf(head.n, nowMs) >= targetMs) play(head, nowMs);
      continue;
    }
    if (head.n > next + standing) {
      next += standing + 1;
      standing = 0;
      conceal(nowMs);
      continue;
    }
    const delayMs = delayOf(head.n, nowMs);
    if (delayMs < targetMs - SHORTAGE_MS && mayChange(head, nowMs)) continue;
    play(head, nowMs);
    const following = buffer.get(next);
    if (following !== undefined && delayMs > targetMs + PTIME_MS && mayChange(head, nowMs)) play(following, nowMs);
  }
  return { played, concealedAtMs, heardAtMs };
}

/** The smallest offset between arrival and frame number in the last two seconds. */
class FastestPacket {
  offsetMs = Number.POSITIVE_INFINITY;
  readonly #recent: { readonly atMs: number; readonly offsetMs: number }[] = [];

  /** @returns how much longer this packet took */
  observe({ n, arrivalMs }: TracePacket): number {
    const offsetMs = arrivalMs - n * PTIME_MS;
    // Kept in ascending order: a packet slower than a newer one will never be the fastest again.
    while ((this.#recent.at(-1)?.offsetMs ?? Number.NEGATIVE_INFINITY) >= offsetMs) this.#recent.pop();
    this.#recent.push({ atMs: arrivalMs, offsetMs });
    while (this.#recent[0]!.atMs < arrivalMs - REFERENCE_WINDOW_MS) this.#recent.shift();
    this.offsetMs = this.#recent[0]!.offsetMs;
    return offsetMs - this.offsetMs;
  }
}

function smallest(buffer: ReadonlyMap<number, TracePacket>): TracePacket | undefined {
  let first: TracePacket | undefined;
  for (const packet of buffer.values()) if (first === undefined || packet.n < first.n) first = packet;
  return first;
}
