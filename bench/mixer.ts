import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { opusCodec } from '../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../src/mixer/format.ts';
import { JitterBuffer } from '../src/mixer/source/jitter-buffer.ts';
import { SendBuffer } from '../src/rtc/net/send-buffer.ts';
import { UdpSocket } from '../src/rtc/net/udp-port.ts';
import { createRtpHeader, parseRtpHeader, RTP_HEADER_LENGTH, writeRtpHeader } from '../src/rtc/rtp/rtp-packet.ts';
import { SRTP_PROFILES, type SrtpProfile } from '../src/rtc/srtp/srtp-keys.ts';
import { SrtpSession } from '../src/rtc/srtp/srtp-session.ts';
import { createPrng, gaussian } from '../test/helpers/prng.ts';
import { createBytes } from '../test/rtc/bytes.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { KERNEL_COLUMNS, type KernelRow, kernelCases, kernelRows } from './lib/kernel-cases.ts';
import { describeMachine, type Machine, warnIfBusy } from './lib/machine.ts';
import { MICRO_COLUMNS, type MicroCase, type MicroRow, measureMicro } from './lib/micro.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { formatTable } from './lib/table.ts';

/** Bytes in 20 ms of speech at 32 kb/s. */
const PAYLOAD = 80;
const TIMESTAMP_BITS = 2 ** 32;
/** As long as the pauses between the packets of a small room. */
const PAUSE_MS = 3;
/** What remains of 20 ms after the tick of a large room. */
const REST_MS = 18;
const neverNotified = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const options = {
  rounds: { kind: 'number', default: 30, min: 3, max: 10_000, description: 'batches of each part' },
  'batch-ms': { kind: 'number', default: 10, min: 1, max: 1000, description: 'length of one batch' },
  listeners: {
    kind: 'number',
    default: 300,
    min: 1,
    max: 5000,
    description: 'number of peers that packets are protected for in turn',
  },
  json: JSON_FILE,
} as const satisfies Options;

/** What `bench/mixer.ts` writes. */
interface MixerResult {
  readonly benchmark: 'mixer';
  readonly machine: Machine;
  readonly listeners: number;
  readonly rows: readonly MicroRow[];
  /** The loops over samples, in both versions. */
  readonly kernels: readonly KernelRow[];
}

await runCommand({
  name: 'mixer',
  about: [
    'Measures the parts of the media path in microseconds: per mix (encoder), per talker (jitter buffer, decoder), per',
    'listener (SRTP, sending), and per frame for the loops over samples, as SIMD and as TypeScript. Each round times one batch',
    'of every part, so the ratios also hold on a busy machine. The fastest batch shows what a quiet machine would give.',
    '',
    'Packets are protected for many listeners in turn, so not all of their keys are in the first-level cache. Packets are',
    'sent over the loopback interface, where the system call includes the whole path into the receiving socket. A server',
    'rests most of the time, and its caches go cold: "after a rest" sends one packet to each listener and then waits 18 ms,',
    'which do not count. For wake-ups, the CPU time counts, not the pause.',
  ].join('\n'),
  options,
  run,
});

async function run(values: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const { rounds, listeners, 'batch-ms': batchMs } = values;
  const counters = { datagramsIn: 0, sendFailures: 0, socketErrors: 0 };
  const sender = await UdpSocket.bind('127.0.0.1', 0, counters);
  const receiver = createSocket('udp4');
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const cases = [
    ...coding(),
    ...buffering(),
    ...protecting(listeners),
    sending(sender, receiver.address().port),
    waking(),
  ];
  const kernels = kernelCases();
  try {
    const all = await measureMicro([...cases, ...kernels], { rounds, batchMs, onProgress: showProgress });
    clearProgress();
    const rows = all.slice(0, cases.length);
    const kernelTable = kernelRows(all.slice(cases.length));
    console.log(formatTable(MICRO_COLUMNS, rows));
    console.log(`\nThe loops over samples, in both versions:\n${formatTable(KERNEL_COLUMNS, kernelTable)}`);
    const result: MixerResult = { benchmark: 'mixer', machine, listeners, rows, kernels: kernelTable };
    await writeResult(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    receiver.close();
    await sender.close();
  }
}

function noise(deviation: number): Float32Array {
  const prng = createPrng(1);
  return Float32Array.from({ length: FRAME_SAMPLES }, () => gaussian(prng, 0, deviation));
}

function coding(): MicroCase[] {
  const encoder = opusCodec.createEncoder();
  encoder.configure({ bitrate: 32_000, complexity: 10 });
  const decoder = opusCodec.createDecoder();
  const pcm = Int16Array.from(noise(0.1), (sample) => 32_767 * sample);
  const payload = Uint8Array.from(encoder.encode(pcm));
  return [
    { name: 'encoder', run: (times) => repeat(times, () => encoder.encode(pcm)) },
    { name: 'decoder', run: (times) => repeat(times, () => decoder.decode(payload)) },
  ];
}

function buffering(): MicroCase[] {
  const counters = { packetsLost: 0, packetsLate: 0, packetsDuplicate: 0, packetsDiscarded: 0, framesRecovered: 0 };
  const buffer = new JitterBuffer(counters);
  // The first byte means CELT, 20 ms.
  const payload = new Uint8Array(PAYLOAD).fill(0xf8);
  let n = 0;
  const next = (): void => {
    buffer.push(n & 0xffff, (n * FRAME_SAMPLES) % TIMESTAMP_BITS, payload, -30, false, 20 * n);
    buffer.pop(20 * n + 7);
    n++;
  };
  return [{ name: 'jitter buffer, in and out', run: (times) => repeat(times, next) }];
}

function protecting(listeners: number): MicroCase[] {
  return (Object.keys(SRTP_PROFILES) as SrtpProfile[]).flatMap((profile) => {
    const bytes = createBytes(1);
    const { keyLength, saltLength } = SRTP_PROFILES[profile];
    const keys = () => ({ key: bytes(keyLength), salt: bytes(saltLength) });
    const senders = Array.from(
      { length: listeners },
      () => new SrtpSession({ profile, local: keys(), remote: keys() }),
    );
    const packet = bytes(1500);
    let sent = 0;
    const protect = (): void => {
      const sender = senders[sent % listeners]!;
      writeRtpHeader(packet, 111, Math.floor(sent / listeners) & 0xffff, 0, 1, false);
      sender.protectRtp(packet, RTP_HEADER_LENGTH, RTP_HEADER_LENGTH + PAYLOAD);
      sent++;
    };
    const [there, back] = [keys(), keys()];
    const peer = new SrtpSession({ profile, local: there, remote: back });
    const receiver = new SrtpSession({ profile, local: back, remote: there });
    const header = createRtpHeader();
    let received = 0;
    const roundTrip = (): void => {
      writeRtpHeader(packet, 111, received++ & 0xffff, 0, 1, false);
      const length = peer.protectRtp(packet, RTP_HEADER_LENGTH, RTP_HEADER_LENGTH + PAYLOAD);
      const datagram = packet.subarray(0, length);
      if (!parseRtpHeader(datagram, header, null) || typeof receiver.unprotectRtp(datagram, header) === 'string') {
        throw new Error('a packet failed authentication');
      }
    };
    let restedMs = 0;
    const protectRested = (): void => {
      if (sent % listeners === 0) restedMs += pause(REST_MS);
      protect();
    };
    return [
      { name: `protect, ${profile}`, run: (times: number) => repeat(times, protect) },
      {
        name: `protect after a rest, ${profile}`,
        run: (times: number) => repeat(times, protectRested),
        clock: () => performance.now() - restedMs,
      },
      { name: `protect and unprotect, ${profile}`, run: (times: number) => repeat(times, roundTrip) },
    ];
  });
}

function sending(socket: UdpSocket, port: number): MicroCase {
  const buffer = new SendBuffer();
  const send = (): void => {
    if (!socket.send(buffer.view(RTP_HEADER_LENGTH + PAYLOAD + 16), port, '127.0.0.1')) buffer.renew();
  };
  return { name: 'send a packet', run: (times) => repeat(times, send) };
}

/** The pauses themselves are not counted. */
function waking(): MicroCase {
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  return { name: 'wake up after a pause (CPU)', run: (times) => repeat(times, () => pause(PAUSE_MS)), clock: cpuMs };
}

/** Returns how long the pause was. */
function pause(ms: number): number {
  const startMs = performance.now();
  Atomics.wait(neverNotified, 0, 0, ms);
  return performance.now() - startMs;
}

function repeat(times: number, what: () => void): void {
  for (let i = 0; i < times; i++) what();
}
