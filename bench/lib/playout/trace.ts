import { createPrng, gaussian, type Prng } from '../../../test/helpers/prng.ts';

/**
 * The network delay of a packet sent at `sentMs`, or undefined if it is lost. Called once per packet, in the order of
 * sending.
 */
export type Network = (sentMs: number) => number | undefined;

export interface TraceModel {
  readonly name: string;
  readonly network: (prng: Prng) => Network;
  /** How much faster the sender's clock runs than ours. */
  readonly driftPpm?: number;
  /** A period that is worse than the time before and after it. */
  readonly bad?: { readonly fromMs: number; readonly toMs: number };
}

export interface TracePacket {
  /** Frame number, from 0. */
  readonly n: number;
  readonly arrivalMs: number;
  /** As signalled by the sender (RFC 6464). */
  readonly levelDbov: number;
}

export interface Trace {
  readonly durationMs: number;
  /** In the order of arrival. */
  readonly packets: readonly TracePacket[];
}

const FRAME_MS = 20;
const PATH_MS = 30;
const BAD = { fromMs: 20_000, toMs: 30_000 };

/** Levels in dBov: syllables, the short gaps between them, and the pauses between sentences. */
export const SPEECH_DBOV = -25;
export const GAP_DBOV = -62;

/** Sentences of 2.6 s with a gap of 60 ms every 400 ms, and pauses of 800 ms between them. */
function speechLevelDbov(frame: number): number {
  const inSentence = (frame * FRAME_MS) % 3400;
  return inSentence < 2600 && inSentence % 400 < 340 ? SPEECH_DBOV : GAP_DBOV;
}

/** One talker over one network. The same seed gives the same packets at the same times. */
export function createTrace(model: TraceModel, seconds: number, seed: number): Trace {
  const prng = createPrng(seed);
  const network = model.network(prng);
  const phaseMs = prng() * FRAME_MS;
  const packets: TracePacket[] = [];
  for (let n = 0; n * FRAME_MS < seconds * 1000; n++) {
    const sentMs = phaseMs + n * FRAME_MS * (1 - (model.driftPpm ?? 0) * 1e-6);
    const delayMs = network(sentMs);
    if (delayMs !== undefined) packets.push({ n, arrivalMs: sentMs + delayMs, levelDbov: speechLevelDbov(n) });
  }
  packets.sort((a, b) => a.arrivalMs - b.arrivalMs);
  return { durationMs: seconds * 1000, packets };
}

const calm = (prng: Prng) => PATH_MS + 5 * prng();
const isBad = (sentMs: number) => sentMs >= BAD.fromMs && sentMs < BAD.toMs;

/** Nothing arrives for a while, then everything at once, as with an access point whose radio channel was busy. */
function stalls(prng: Prng, everyMs: readonly [number, number], lengthMs: readonly [number, number]): Network {
  const between = ([low, high]: readonly [number, number]) => low + prng() * (high - low);
  let start = between(everyMs);
  let end = start + between(lengthMs);
  return (sentMs) => {
    const arrivalMs = sentMs + calm(prng);
    while (arrivalMs > end) {
      start = end + between(everyMs);
      end = start + between(lengthMs);
    }
    return (arrivalMs >= start ? end : arrivalMs) - sentMs;
  };
}

/** Gilbert-Elliott model: everything is lost in the bad state, which lasts three packets on average. */
function burstLoss(prng: Prng, share: number): () => boolean {
  const leave = 1 / 3;
  const enter = (leave * share) / (1 - share);
  let bad = false;
  return () => {
    bad = bad ? prng() >= leave : prng() < enter;
    return bad;
  };
}

function randomLoss(percent: number): TraceModel {
  return {
    name: `loss ${percent} %`,
    network: (prng) => () => (prng() < percent / 100 ? undefined : calm(prng)),
  };
}

function lossInBursts(percent: number): TraceModel {
  return {
    name: `bursty loss ${percent} %`,
    network: (prng) => {
      const lost = burstLoss(prng, percent / 100);
      return () => (lost() ? undefined : calm(prng));
    },
  };
}

export const TRACES: readonly TraceModel[] = [
  { name: 'constant', network: () => () => PATH_MS },
  { name: 'uniform 15 ms', network: (prng) => () => PATH_MS + 15 * prng() },
  { name: 'Gaussian 5 ms', network: (prng) => () => Math.max(PATH_MS, PATH_MS + 15 + gaussian(prng, 0, 5)) },
  { name: 'Wi-Fi, often', network: (prng) => stalls(prng, [300, 1500], [20, 70]) },
  { name: 'Wi-Fi, at times', network: (prng) => stalls(prng, [2000, 5000], [60, 100]) },
  { name: 'Wi-Fi, seldom', network: (prng) => stalls(prng, [10_000, 20_000], [60, 100]) },
  {
    name: 'one stall 400 ms',
    network: (prng) => (sentMs) => {
      const arrivalMs = sentMs + calm(prng);
      return (arrivalMs >= BAD.fromMs && arrivalMs < BAD.fromMs + 400 ? BAD.fromMs + 400 : arrivalMs) - sentMs;
    },
    bad: { fromMs: BAD.fromMs, toMs: BAD.fromMs + 400 },
  },
  {
    name: 'jitter 100 ms for 10 s',
    network: (prng) => (sentMs) => (isBad(sentMs) ? PATH_MS + 100 * prng() : calm(prng)),
    bad: BAD,
  },
  {
    name: 'Wi-Fi for 10 s',
    network: (prng) => {
      const crowded = stalls(prng, [200, 600], [60, 150]);
      return (sentMs) => (isBad(sentMs) ? crowded(sentMs) : calm(prng));
    },
    bad: BAD,
  },
  {
    name: 'path 50 ms longer',
    network: (prng) => (sentMs) => calm(prng) + (sentMs >= BAD.fromMs ? 50 : 0),
    bad: { fromMs: BAD.fromMs, toMs: BAD.fromMs },
  },
  {
    name: 'path 50 ms shorter',
    network: (prng) => (sentMs) => calm(prng) + (sentMs >= BAD.fromMs ? 0 : 50),
    bad: { fromMs: BAD.fromMs, toMs: BAD.fromMs },
  },
  { name: 'drift +200 ppm', network: (prng) => () => calm(prng), driftPpm: 200 },
  { name: 'drift -200 ppm', network: (prng) => () => calm(prng), driftPpm: -200 },
  { name: 'reordering 5 %', network: (prng) => () => calm(prng) + (prng() < 0.05 ? 30 : 0) },
  ...[1, 5, 10, 20].map(randomLoss),
  ...[1, 5, 10, 20].map(lossInBursts),
  {
    name: 'uniform 15 ms, loss 5 %',
    network: (prng) => () => (prng() < 0.05 ? undefined : PATH_MS + 15 * prng()),
  },
  {
    name: 'Wi-Fi, bursty loss, drift',
    network: (prng) => {
      const lost = burstLoss(prng, 0.05);
      const path = stalls(prng, [2000, 5000], [60, 100]);
      return (sentMs) => {
        const delayMs = path(sentMs);
        return lost() ? undefined : delayMs;
      };
    },
    driftPpm: 100,
  },
  {
    name: 'bursty loss 20 % for 10 s',
    network: (prng) => {
      const lost = burstLoss(prng, 0.2);
      return (sentMs) => (isBad(sentMs) && lost() ? undefined : calm(prng));
    },
    bad: BAD,
  },
];
