/** Packets of silence for gaps in a recording. Gaps in time are never left to the time stamps: players ignore them. */
import { SILENCE_PACKET } from '../formats/opus-packet.ts';

/** An Opus packet and its duration in samples at 48 kHz. */
export interface TimedPacket {
  readonly payload: Uint8Array;
  readonly samples: number;
}

/** The shortest packet of Opus, 2.5 ms. All gaps are multiples of this. */
export const SHORTEST_SAMPLES = 120;

/** Six frames of silence of 20 ms in one packet. */
const LONG_SILENCE = Uint8Array.from([0xfb, 0x06, ...Array.from({ length: 6 }, () => [0xff, 0xfe]).flat()]);

/** Mono frames of silence (CELT), the longest first. A stereo stream may have them as well. */
const SILENCE: readonly TimedPacket[] = [
  { payload: LONG_SILENCE, samples: 5760 },
  { payload: SILENCE_PACKET, samples: 960 },
  { payload: Uint8Array.of(0xf0, 0xff, 0xfe), samples: 480 },
  { payload: Uint8Array.of(0xe8, 0xff, 0xfe), samples: 240 },
  { payload: Uint8Array.of(0xe0, 0xff, 0xfe), samples: SHORTEST_SAMPLES },
];

/** Writes packets of silence that fill so many samples, rounded to the nearest 2.5 ms; returns the samples written. */
export function fillWithSilence(samples: number, write: (packet: TimedPacket) => void): number {
  const wanted = Math.max(0, Math.round(samples / SHORTEST_SAMPLES) * SHORTEST_SAMPLES);
  let left = wanted;
  for (const packet of SILENCE) {
    for (; left >= packet.samples; left -= packet.samples) write(packet);
  }
  return wanted;
}
