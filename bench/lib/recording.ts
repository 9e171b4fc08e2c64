import { createFrameDecoder, FRAME_SAMPLES } from '../../test/helpers/opus.ts';
import { type Delay, findDelay } from '../../test/helpers/signal.ts';
import type { ReceivedPayload } from '../client/participant.ts';

interface Arrival {
  readonly atMs: number;
  readonly timestamp: number;
  readonly pcm: Int16Array;
}

export interface Found extends Delay {
  /**
   * The earliest time at which the sample can be played: its packet has arrived, and the samples before it in that
   * packet have been played.
   */
  readonly atMs: number;
}

/** What one listener heard: decoded on arrival, in order, with the time of each packet. */
export class Recording {
  readonly #decode = createFrameDecoder();
  readonly #arrivals: Arrival[] = [];

  add({ payload, header, atMs }: ReceivedPayload): void {
    this.#arrivals.push({ atMs, timestamp: header.timestamp, pcm: this.#decode(payload).slice() });
  }

  /**
   * Searches for `sound` in what arrived from `fromMs` to `toMs`. `offset` is the sample of `sound` that the returned
   * `atMs` refers to.
   */
  find(sound: Int16Array, offset: number, fromMs: number, toMs: number): Found | undefined {
    const arrivals = this.#arrivals.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const first = arrivals[0];
    if (first === undefined) return undefined;
    const place = ({ timestamp }: Arrival) => (timestamp - first.timestamp) | 0;
    const heard = new Int16Array(place(arrivals.at(-1)!) + FRAME_SAMPLES);
    for (const arrival of arrivals) heard.set(arrival.pcm.subarray(0, FRAME_SAMPLES), place(arrival));
    const delay = findDelay(sound, heard, 0, Math.max(0, heard.length - sound.length));
    const position = delay.samples + offset;
    const holder = arrivals.findLast((arrival) => place(arrival) <= position);
    if (holder === undefined) return undefined;
    return { ...delay, atMs: holder.atMs + (position - place(holder)) / 48 };
  }
}
