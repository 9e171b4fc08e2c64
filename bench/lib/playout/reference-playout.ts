import { PTIME_MS } from '../../../src/mixer/format.ts';
import { VoiceActivity } from '../../../src/mixer/source/voice-activity.ts';
import type { DelayRule } from './delay-rules.ts';
import type { PlayedPacket, Playout } from './outcome.ts';
import type { Trace, TracePacket } from './trace.ts';

const REFERENCE_WINDOW_MS = 2000;
/** Frames of concealment after which a talker that sends nothing counts as silent. */
const MAX_CONCEALED = 5;
/** Longer than its target by this much and speech is jumped over. */
const MAX_EXCESS_MS = 100;
const SHORTAGE_MS = 4;
/** Between two changes of the delay inside of speech. */
const STRETCH_EVERY_MS = 100;

/**
 * Plays a trace once every 20 ms with the delay that a rule asks for. It is kinder to the rule than its own home: the delay follows
 * the target closely, in pauses at once and in speech by a whole frame every 100 ms, and that counts as no flaw, as if
 * stretching time were free. What is missing is concealed: when later packets are there, their turn has not come sooner for it; when
 * none is, playing stands still until one comes.
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
  /** Whether the delay may change now: nobody hears it, or time is stretched. */
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

/** The least offset of arrival from frame number in the last two seconds. */
class FastestPacket {
  offsetMs = Number.POSITIVE_INFINITY;
  readonly #recent: { readonly atMs: number; readonly offsetMs: number }[] = [];

  /** @returns how much longer this packet took */
  observe({ n, arrivalMs }: TracePacket): number {
    const offsetMs = arrivalMs - n * PTIME_MS;
    // Ascending: what is slower than a newer packet will never be the fastest again.
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
