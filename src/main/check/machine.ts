/** Checks whether this machine is suitable: the codec, the timers, and the limits of the system. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import type { Clock, Millis } from '../../lib/clock.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';

const TICK_MS: Millis = 20;
const TICKS = 75;
/** How late a tick may be before listeners' jitter buffers grow. */
const LATE_MS: Millis = 5;
/** The buffer size that media ports request. */
const WANTED_BUFFER_BYTES = 4 * 1024 * 1024;
const SMALL_BUFFER_BYTES = 1024 * 1024;
/** For media sockets, the log, libraries and so on. */
const OTHER_FILES = 256;

export async function checkMachine({ config, clock }: CheckInput): Promise<readonly CheckResult[]> {
  // Runs alone, because parallel checks would delay its ticks.
  const timer = await checkTimer(clock);
  const [bytes, limits] = await Promise.all([read('/proc/sys/net/core/rmem_max'), read('/proc/self/limits')]);
  return [
    await checkOpus(),
    timer,
    ...(bytes === undefined ? [] : [receiveBuffer(Number(bytes))]),
    ...(limits === undefined ? [] : openFiles(limits, config)),
  ];
}

/** Imports the codec here rather than at the top, so that a failure to load it can be reported. */
async function checkOpus(): Promise<CheckResult> {
  const name = 'Opus';
  try {
    const { opusCodec } = await import('../../mixer/codec/opus.ts');
    const { FRAME_SAMPLES } = await import('../../mixer/format.ts');
    const encoder = opusCodec.createEncoder();
    encoder.configure({ bitrate: 32_000, complexity: 5 });
    const packet = encoder.encode(Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => 8000 * Math.sin(i / 10)));
    const decoded = opusCodec.createDecoder().decode(packet);
    if (decoded?.some((sample) => Math.abs(sample) > 1000) !== true) throw new Error('a frame decoded to silence');
    return { name, status: 'ok', text: 'The codec loads, encodes and decodes.' };
  } catch (error) {
    const [reason] = reasonOf(error).split('\n');
    return {
      name,
      status: 'fail',
      text: `The codec does not work: ${reason}`,
    };
  }
}

async function checkTimer(clock: Clock): Promise<CheckResult> {
  const latenessMs: number[] = [];
  const startMs = clock.now();
  for (let tick = 1; tick <= TICKS; tick++) {
    const dueMs = startMs + tick * TICK_MS;
    await new Promise<void>((resolve) => clock.setTimer(dueMs, resolve));
    latenessMs.push(clock.now() - dueMs);
  }
  return timerPrecision(latenessMs);
}

/** Evaluates the lateness of ticks. */
export function timerPrecision(latenessMs: readonly Millis[]): CheckResult {
  const sorted = latenessMs.toSorted((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  const measured = `99 % of ${sorted.length} ticks were at most ${p99.toFixed(1)} ms late`;
  const name = 'timers';
  if (p99 <= LATE_MS) return { name, status: 'ok', text: `${measured}.` };
  return {
    name,
    status: 'warn',
    text: `${measured}. The machine is busy, or its CPU is shared with others. Audio may break up.`,
  };
}

/** @param bytes `net.core.rmem_max` */
export function receiveBuffer(bytes: number): CheckResult {
  const name = 'receive buffers';
  const text = `The system allows ${Math.round(bytes / 1024)} KiB for each media port`;
  if (bytes >= SMALL_BUFFER_BYTES) return { name, status: 'ok', text: `${text}.` };
  const advice = `sysctl -w net.core.rmem_max=${WANTED_BUFFER_BYTES}`;
  return {
    name,
    status: 'warn',
    text: `${text}, which is enough for small rooms. With many talkers, packets are lost at busy moments. Run: ${advice}`,
  };
}

/** @param limits the text of `/proc/self/limits` */
export function openFiles(limits: string, { maxConnections, mediaTcp }: Config): readonly CheckResult[] {
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === undefined) return [];
  const name = 'open files';
  // A page uses a few connections besides its WebSocket, and one for media if UDP is blocked.
  const needed = maxConnections * (mediaTcp === 'on' ? 3 : 2) + OTHER_FILES;
  if (soft === 'unlimited' || Number(soft) >= needed) return [{ name, status: 'ok', text: `The limit is ${soft}.` }];
  return [
    {
      name,
      status: 'warn',
      text: `The limit is ${soft}, but --max-connections ${maxConnections} may need ${needed}. Raise it (ulimit -n, or LimitNOFILE= in systemd), or lower --max-connections.`,
    },
  ];
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
