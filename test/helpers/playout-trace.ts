/** Plays one talker over a simulated network through the real jitter buffer and source, in simulated time. */
import { CodecPool } from '../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import { Source } from '../../src/mixer/source/source.ts';
import { PlainCodec } from './plain-codec.ts';
import type { Prng } from './prng.ts';
import { tone } from './signal.ts';

/** The network delay of a packet sent at `sentMs`, or undefined if it is lost. */
export type Network = (sentMs: number) => number | undefined;

export interface TraceOptions {
  readonly seconds: number;
  readonly network: Network;
  readonly prng: Prng;
  /** How much faster the sender's clock runs than ours. */
  readonly driftPpm?: number;
  /** Each packet contains a copy of the packet this far before it (RFC 2198); 0 for none. */
  readonly redundancyDistance?: number;
}

export interface TraceResult {
  /** One entry per decoded packet: when it was played, and how long after it was sent. */
  readonly played: readonly { readonly atMs: number; readonly delayMs: number }[];
  /** The share of concealed frames among all frames in which the talker was heard. */
  readonly concealedShare: number;
  readonly late: number;
}

/** Levels in dBov: syllables, the short gaps between them, and the pauses between sentences. */
const SPEECH_DBOV = -25;
const GAP_DBOV = -62;

/** Sentences of 2.6 s with a gap of 60 ms every 400 ms, and pauses of 800 ms between them. */
function speechLevelDbov(frame: number): number {
  const inSentence = (frame * PTIME_MS) % 3400;
  return inSentence < 2600 && inSentence % 400 < 340 ? SPEECH_DBOV : GAP_DBOV;
}

function frameAt(levelDbov: number): Int16Array {
  const amplitude = 32_768 * Math.SQRT2 * 10 ** (levelDbov / 20);
  return Int16Array.from(tone({ frequencyHz: 400, samples: FRAME_SAMPLES, amplitude }), Math.round);
}

export function playTrace({ seconds, network, prng, driftPpm = 0, redundancyDistance = 0 }: TraceOptions): TraceResult {
  const codec = new PlainCodec();
  const sounds = { loud: frameAt(SPEECH_DBOV), quiet: frameAt(GAP_DBOV) };
  const sentAt = new Map<Uint8Array, number>();
  const played: { atMs: number; delayMs: number }[] = [];
  let nowMs = 0;
  const pool = new CodecPool(
    {
      createEncoder: () => codec.createEncoder(),
      createDecoder: () => {
        const decoder = codec.createDecoder();
        const decode = (packet: Uint8Array) => {
          played.push({ atMs: nowMs, delayMs: nowMs - sentAt.get(packet)! });
          return decoder.decode(packet);
        };
        return { ...decoder, decode };
      },
    },
    () => 0,
  );
  const source = new Source(pool, false);
  const arrivals: { atMs: number; n: number; payload: Uint8Array }[] = [];
  const phaseMs = prng() * PTIME_MS;
  const payloads: Uint8Array[] = [];
  for (let n = 0; n * PTIME_MS < seconds * 1000; n++) {
    const sentMs = phaseMs + n * PTIME_MS * (1 - driftPpm * 1e-6);
    const payload = codec.encode(speechLevelDbov(n) === SPEECH_DBOV ? sounds.loud : sounds.quiet);
    payloads.push(payload);
    sentAt.set(payload, sentMs);
    const delayMs = network(sentMs);
    if (delayMs !== undefined) arrivals.push({ atMs: sentMs + delayMs, n, payload });
  }
  arrivals.sort((a, b) => a.atMs - b.atMs);
  let next = 0;
  for (let tick = 0; tick * PTIME_MS < seconds * 1000; tick++) {
    nowMs = tick * PTIME_MS;
    for (; next < arrivals.length && arrivals[next]!.atMs <= nowMs; next++) {
      const { atMs, n, payload } = arrivals[next]!;
      const push = (number: number, packet: Uint8Array, redundant: boolean) => {
        const sequenceNumber = (number + 65_000) & 0xffff;
        const timestamp = (number * FRAME_SAMPLES + 2 ** 32 - 500_000) >>> 0;
        // A copy has the level of the packet that contains it.
        source.push({ sequenceNumber, timestamp, payload: packet, levelDbov: speechLevelDbov(n), redundant }, atMs);
      };
      const copied = n - redundancyDistance;
      if (redundancyDistance > 0 && copied >= 0) push(copied, payloads[copied]!, true);
      push(n, payload, false);
    }
    source.read(nowMs);
  }
  const { framesConcealed, framesDecoded, packetsLate } = pool.counters;
  source.close();
  return { played, concealedShare: framesConcealed / (framesConcealed + framesDecoded), late: packetsLate };
}

/** Mean delay of what was played from second `from` to second `to`. */
export function meanDelayMs(result: TraceResult, from: number, to: number): number {
  const delays = result.played.filter(({ atMs }) => atMs >= from * 1000 && atMs < to * 1000);
  return delays.reduce((sum, { delayMs }) => sum + delayMs, 0) / delays.length;
}
