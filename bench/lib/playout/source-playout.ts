import type { Codec, Decoder } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, FULL_SCALE, PTIME_MS } from '../../../src/mixer/format.ts';
import { Source } from '../../../src/mixer/source/source.ts';
import { tone } from '../../../test/helpers/signal.ts';
import type { PlayedPacket, Playout } from './outcome.ts';
import { GAP_DBOV, SPEECH_DBOV, type Trace } from './trace.ts';

/** Both counters wrap within the first minute. */
const FIRST_SEQUENCE_NUMBER = 65_000;
const FIRST_TIMESTAMP = 2 ** 32 - 500_000;

/** Plays a trace through the server's own `Source` and its jitter buffer, as the mixer does: one `read` every 20 ms. */
export function playThroughSource(trace: Trace): Playout {
  const played: PlayedPacket[] = [];
  const concealedAtMs: number[] = [];
  const heardAtMs: number[] = [];
  let nowMs = 0;
  const pool = new CodecPool(
    numberedCodec((n) => played.push({ n, atMs: nowMs })),
    () => 0,
  );
  const source = new Source(pool, false);
  let arrived = 0;
  for (; nowMs < trace.durationMs; nowMs += PTIME_MS) {
    for (; arrived < trace.packets.length && trace.packets[arrived]!.arrivalMs <= nowMs; arrived++) {
      const { n, arrivalMs, levelDbov } = trace.packets[arrived]!;
      const sequenceNumber = (FIRST_SEQUENCE_NUMBER + n) & 0xffff;
      const timestamp = (FIRST_TIMESTAMP + n * FRAME_SAMPLES) >>> 0;
      const payload = numberedPacket(n, levelDbov > GAP_DBOV);
      source.push({ sequenceNumber, timestamp, payload, levelDbov, redundant: false }, arrivalMs);
    }
    const { framesConcealed, framesDecoded } = pool.counters;
    source.read(nowMs);
    for (let i = framesConcealed; i < pool.counters.framesConcealed; i++) concealedAtMs.push(nowMs);
    for (let i = framesDecoded; i < pool.counters.framesDecoded; i++) heardAtMs.push(nowMs);
  }
  source.close();
  return { played, concealedAtMs, heardAtMs };
}

/** Looks like a 20 ms CELT packet. Inside it carries the frame number and whether the frame is speech. */
function numberedPacket(n: number, loud: boolean): Uint8Array {
  return Uint8Array.of(0xf8, loud ? 1 : 0, n >> 16, (n >> 8) & 255, n & 255);
}

function numberedCodec(onDecode: (n: number) => void): Codec {
  const frames = [frameAt(GAP_DBOV), frameAt(SPEECH_DBOV)] as const;
  const createDecoder = (): Decoder => {
    let last: Int16Array = frames[0];
    return {
      reset: () => {
        last = frames[0];
      },
      decode: (packet) => {
        onDecode((packet[2]! << 16) | (packet[3]! << 8) | packet[4]!);
        last = frames[packet[1] === 1 ? 1 : 0];
        return last;
      },
      conceal: () => last,
    };
  };
  return {
    createDecoder,
    createEncoder: () => {
      throw new Error('nothing is encoded here');
    },
  };
}

function frameAt(levelDbov: number): Int16Array {
  const amplitude = FULL_SCALE * Math.SQRT2 * 10 ** (levelDbov / 20);
  return Int16Array.from(tone({ frequencyHz: 400, samples: FRAME_SAMPLES, amplitude }), Math.round);
}
