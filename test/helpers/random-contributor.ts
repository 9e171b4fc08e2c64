import fc from 'fast-check';
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';
import { ChannelSet, MAX_CHANNELS } from '../../src/mixer/mix/channel-set.ts';
import type { Contributor } from '../../src/mixer/mix/contributor.ts';

/** As many as fit into shared memory (`MAX_WHISPERS`). */
const WHISPERS = 16;
const anyChannel = fc.integer({ min: 0, max: MAX_CHANNELS - 1 });

/**
 * Any voice that sounds in a tick; its frame has the same value everywhere.
 * @param channel into which it may speak; few of them if many voices shall meet in one
 */
export function contributorIn(channel: fc.Arbitrary<number> = anyChannel): fc.Arbitrary<Contributor> {
  const address = fc.record({
    channels: fc.array(channel, { maxLength: 4 }).map((channels) => ChannelSet.of(channels)),
    whispersTo: fc.array(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { maxLength: WHISPERS }).map((to) => new Set(to)),
  });
  return fc.record({
    voice: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    address,
    addressBefore: address,
    soundedBefore: fc.boolean(),
    isEnding: fc.boolean(),
    slot: fc.integer({ min: -1, max: 1023 }),
    loudnessDbov: fc.integer({ min: -12_700, max: 0 }).map((level) => level / 100),
    frame: fc.integer({ min: -1000, max: 1000 }).map((level) => ({
      address: 0,
      samples: new Float32Array(FRAME_SAMPLES).fill(level),
    })),
  });
}
