/** One Mumble client that talks, and others that listen, in the process of a benchmark. */
import { randomBytes } from 'node:crypto';
import { everyFrame } from '../../test/helpers/every-frame.ts';
import { MumbleClient } from '../../test/helpers/mumble-client.ts';
import { percentile } from './statistics.ts';

export interface HeardOfTalker {
  readonly packetsPercent: number;
  readonly byUdpPercent: number;
  readonly delayMs: number;
  readonly delayP99Ms: number;
}

/** What a desktop client sends by default: 40 kbit/s. */
const PAYLOAD_BYTES = 100;
const OPENED_TOGETHER = 20;

/** Opens clients until there are so many. */
export async function open(port: number, clients: MumbleClient[], count: number): Promise<void> {
  while (clients.length < count) {
    const wanted = Math.min(OPENED_TOGETHER, count - clients.length);
    const name = clients.length;
    const joining = Array.from({ length: wanted }, (_, i) => MumbleClient.join({ port, name: `Listener ${name + i}` }));
    clients.push(...(await Promise.all(joining)));
  }
}

/** As clients do: by both ways, which lets the server find out that UDP works. */
export function ping(clients: readonly MumbleClient[]): void {
  for (const client of clients) {
    client.pingByUdp();
    client.ping();
  }
}

/** Says one packet every 20 ms. Its second byte is a number, by which listeners recognise it. */
export function talk(talker: MumbleClient): { readonly sentAtMs: number[]; readonly stop: () => void } {
  const sentAtMs: number[] = [];
  const opus = randomBytes(PAYLOAD_BYTES);
  opus[0] = 0x78;
  const stop = everyFrame(() => {
    const n = sentAtMs.push(performance.now()) - 1;
    opus.writeUInt32BE(n, 1);
    talker.sayByUdp(2 * n, opus);
  });
  return { sentAtMs, stop };
}

/** What these have heard of those packets; it is forgotten. */
export function heardBy(listeners: readonly MumbleClient[], sentAtMs: readonly number[]): HeardOfTalker {
  const delays: number[] = [];
  let byUdp = 0;
  for (const { heard } of listeners) {
    for (const { opus, by, atMs } of heard) {
      if (opus.length !== PAYLOAD_BYTES) continue;
      if (by === 'udp') byUdp++;
      delays.push(atMs - sentAtMs[Buffer.from(opus).readUInt32BE(1)]!);
    }
    heard.length = 0;
  }
  const expected = listeners.length * sentAtMs.length;
  return {
    packetsPercent: (100 * delays.length) / Math.max(1, expected),
    byUdpPercent: (100 * byUdp) / Math.max(1, delays.length),
    delayMs: percentile(delays, 0.5),
    delayP99Ms: percentile(delays, 0.99),
  };
}
