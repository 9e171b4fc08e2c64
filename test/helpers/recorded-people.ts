/**
 * People whose packets reach a recorder in simulated time, with everything that clocks, microphones and networks do to
 * them, and chirps at known moments, by which a recording is judged.
 */
import type { TapPacket } from '../../src/recording/track-clock.ts';
import { createFrameEncoder, FRAME_SAMPLES } from './opus.ts';
import { createPrng, type Prng } from './prng.ts';

const SAMPLES_PER_MS = 48;
const FRAME_MS = 20;
/** How long packets are under way at least. */
export const NETWORK_MS = 30;
const CHIRP_MS = 40;
/** A voice begins before its chirp, so that no encoder takes the chirp's beginning for silence. */
const LEAD_MS = 300;
const TRAIL_MS = 150;
const SILENT_DBOV = -127;
/** With DTX, an encoder's packet is this short in silence, and a client sends one of twenty. */
const DTX_BYTES = 2;
const DTX_EVERY = 20;
/** Such a packet of speech at 48 kHz: SILK and CELT in frames of 20 ms. */
const DTX = Uint8Array.of(0x78);
const SILENCE = new Int16Array(FRAME_SAMPLES);

/** Something that happens to a person, in milliseconds of the server. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PersonPlan {
  readonly name: string;
  readonly seed: number;
  /** When they join. */
  readonly fromMs: number;
  /** How much faster than the server their clock runs. */
  readonly ppm: number;
  readonly jitterMs: number;
  /** Of their packets. */
  readonly loss: number;
  /** They make some sound all the time. */
  readonly neverPauses?: boolean;
  /** Nothing of them arrives; afterwards they have another RTP stream. */
  readonly gone?: Span;
  /** Their device records nothing, and RTP time stands still. */
  readonly stalls?: readonly Span[];
  /** The network keeps their packets and delivers them in the end. */
  readonly holds?: readonly Span[];
}

export interface RecordedPerson {
  readonly plan: PersonPlan;
  /** In the order of their arrival. */
  readonly packets: readonly TapPacket[];
  /** When they chirped, in server time. */
  readonly chirpsMs: readonly number[];
}

/** Everything that one person sends until `endMs`. `turn` says which of `turns` people they are: they chirp in turns. */
export function recordedPerson(plan: PersonPlan, endMs: number, turn: number, turns: number): RecordedPerson {
  const prng = createPrng(plan.seed);
  const encode = createFrameEncoder({ dtx: true, complexity: 1, bitsPerSecond: 40_000 });
  const isDeaf = (atMs: number) => (plan.stalls ?? []).some(({ fromMs, toMs }) => atMs > fromMs && atMs < toMs);
  const isGone = (atMs: number) => plan.gone !== undefined && atMs > plan.gone.fromMs && atMs < plan.gone.toMs;
  const chirpsMs: number[] = [];
  for (let atMs = 1500 + turn * 700 + prng() * 200; atMs < endMs - 1000; atMs += turns * 700 + prng() * 200) {
    const isWhole = [atMs - LEAD_MS, atMs + CHIRP_MS + FRAME_MS].every(
      (edge) => edge > plan.fromMs + 500 && !isDeaf(edge) && !isGone(edge) && !isGone(edge - 500),
    );
    if (isWhole) chirpsMs.push(atMs);
  }
  const packets: TapPacket[] = [];
  let stream = { number: 1, timestamp: Math.floor(prng() * 2 ** 32), frames: 0 };
  let silentFrames = 0;
  let latestMs = 0;
  // A fast clock counts more samples in the same time.
  const frameMs = FRAME_MS / (1 + plan.ppm * 1e-6);
  for (let index = 0; ; index++) {
    const capturedMs = plan.fromMs + index * frameMs;
    if (capturedMs + frameMs > endMs) break;
    if (isDeaf(capturedMs)) continue;
    const pcm = soundAt(capturedMs, frameMs, chirpsMs, plan.neverPauses === true, prng);
    const isSilent = pcm === SILENCE;
    // In long silence an encoder has nothing to do but to say so.
    const payload = isSilent && silentFrames > DTX_EVERY ? DTX : Uint8Array.from(encode(pcm));
    const timestamp = (stream.timestamp + stream.frames * FRAME_SAMPLES) >>> 0;
    stream.frames++;
    if (isGone(capturedMs)) {
      if (stream.number === 1) stream = { number: 2, timestamp: Math.floor(prng() * 2 ** 32), frames: 0 };
      continue;
    }
    silentFrames = payload.length <= DTX_BYTES ? silentFrames + 1 : 0;
    if (silentFrames > 0 && silentFrames % DTX_EVERY !== 1) continue;
    if (prng() < plan.loss) continue;
    const sentMs = capturedMs + frameMs + NETWORK_MS + prng() ** 3 * plan.jitterMs;
    const held = (plan.holds ?? []).find(({ fromMs, toMs }) => sentMs > fromMs && sentMs < toMs);
    // Jitter of one path does not reorder.
    latestMs = Math.max(latestMs + 0.05, held?.toMs ?? sentMs);
    const levelDbov = isSilent ? SILENT_DBOV : levelOf(pcm);
    packets.push({ arrivalMs: latestMs, stream: stream.number, timestamp, payload, levelDbov });
  }
  return { plan, packets, chirpsMs };
}

/** A chirp from 700 Hz to 3 kHz. */
export function chirpSample(ms: number): number {
  if (ms < 0 || ms >= CHIRP_MS) return 0;
  const seconds = ms / 1000;
  const slope = 2300 / (CHIRP_MS / 1000);
  return (
    Math.sin(2 * Math.PI * (700 * seconds + (slope * seconds * seconds) / 2)) * Math.sin((Math.PI * ms) / CHIRP_MS)
  );
}

function soundAt(atMs: number, frameMs: number, chirpsMs: readonly number[], isNoisy: boolean, prng: Prng): Int16Array {
  const chirp = chirpsMs.find((at) => atMs + frameMs > at - LEAD_MS && atMs < at + CHIRP_MS + TRAIL_MS);
  if (chirp === undefined && !isNoisy) return SILENCE;
  const pcm = new Int16Array(FRAME_SAMPLES);
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const ms = atMs + (i * frameMs) / FRAME_SAMPLES;
    const hum = 0.04 * Math.sin((2 * Math.PI * 140 * ms) / 1000) + 0.01 * (prng() - 0.5);
    pcm[i] = Math.round(32767 * (hum + (chirp === undefined ? 0 : 0.4 * chirpSample(ms - chirp))));
  }
  return pcm;
}

function levelOf(pcm: Int16Array): number {
  let power = 0;
  for (const sample of pcm) power += (sample / 32768) ** 2;
  return power === 0 ? SILENT_DBOV : Math.max(SILENT_DBOV, Math.round(10 * Math.log10(power / pcm.length)));
}

/** Resolution of the search: every fourth sample. */
const STEP = 4;

/**
 * Where a chirp is in a recording, in milliseconds from where it was expected, if it is within `rangeMs` of that;
 * undefined if it is not there.
 */
export function chirpError(pcm: Int16Array, expectedMs: number, rangeMs = 50): number | undefined {
  const sampleMs = STEP / SAMPLES_PER_MS;
  const chirp = Array.from({ length: Math.floor(CHIRP_MS / sampleMs) }, (_, i) => chirpSample(i * sampleMs));
  const energy = chirp.reduce((sum, value) => sum + value * value, 0);
  let best = { correlation: 0, atMs: 0 };
  const from = Math.round((expectedMs - rangeMs) * SAMPLES_PER_MS);
  for (let start = from; start <= from + 2 * rangeMs * SAMPLES_PER_MS; start += STEP) {
    let product = 0;
    let power = 0;
    for (let i = 0; i < chirp.length; i++) {
      const sample = pcm[start + i * STEP] ?? 0;
      product += sample * chirp[i]!;
      power += sample * sample;
    }
    const correlation = power === 0 ? 0 : product / Math.sqrt(power * energy);
    if (correlation > best.correlation) best = { correlation, atMs: start / SAMPLES_PER_MS };
  }
  return best.correlation > 0.6 ? best.atMs - expectedMs : undefined;
}
