import type { Kernels } from '../../src/mixer/kernels/kernels.ts';
import type { Audience } from '../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../src/mixer/mix/channel-set.ts';
import { Place } from '../../src/mixer/mix/mix-participant.ts';
import type { Address } from '../../src/mixer/mix/voice-path.ts';
import type { Source } from '../../src/mixer/source/source.ts';

export interface StillVoice {
  /** The number that identifies the voice. */
  readonly voice: number;
  /** The value of all samples of its frame. */
  readonly level: number;
  readonly isTalking?: boolean;
  readonly soundedBefore?: boolean;
  readonly address?: Address;
  readonly addressBefore?: Address;
}

/** Someone in this audience whose frame has the same value everywhere. */
export function stillVoice(kernels: Kernels, audience: Audience, options: StillVoice): Place {
  const { voice, level, isTalking = true, soundedBefore = isTalking, address } = options;
  const frame = kernels.frames.take();
  frame.samples.fill(level);
  const place = new Place({ frame } as unknown as Source, audience, {
    voice,
    ...(address === undefined ? {} : { address }),
    sink: { write: () => {} },
    muted: false,
    deafened: false,
  });
  place.soundedBefore = soundedBefore;
  place.contributing = isTalking;
  place.addressBefore = options.addressBefore ?? place.address;
  return place;
}

/** An address in these channels, and for these people. */
export function addressOf(channels: Iterable<number>, people: Iterable<number> = []): Address {
  return { channels: ChannelSet.of(channels), whispersTo: new Set(people) };
}
