import { test } from 'tap';
import { createSharedMix, MixRing } from '../../../src/media/link/mix-ring.ts';
import { RemoteVoices } from '../../../src/media/worker/remote-voices.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Kernels } from '../../../src/mixer/kernels/kernels.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { NO_SLOT } from '../../../src/mixer/mix/mix-participant.ts';
import { type Address, NOBODY } from '../../../src/mixer/mix/voice-path.ts';

const to = (...channels: number[]): Address => ({ channels: ChannelSet.of(channels), whispersTo: NOBODY });
const RED = to(3);
const BLUE = to(4);

function voice(number: number, said: Partial<Contributor> = {}): Contributor {
  const samples = Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => number + i);
  return {
    voice: number,
    address: RED,
    addressBefore: RED,
    soundedBefore: true,
    isEnding: false,
    slot: 2,
    loudnessDbov: -25.5,
    frame: { address: 0, samples },
    ...said,
  };
}

function setUp() {
  const memory = createSharedMix(1);
  const kernels = new Kernels(undefined);
  const writer = new MixRing(memory).targeted;
  const voices = new RemoteVoices(new MixRing(memory).targeted, kernels);
  return { writer, voices, kernels };
}

const isNowhere = ({ channels, whispersTo }: Address) => channels.isEmpty && whispersTo.size === 0;

test('a voice goes where it went in its own part, and is the same object as long as it sounds', async (t) => {
  const { writer, voices, kernels } = setUp();
  const idle = kernels.frames.taken;
  writer.write(7, []);
  t.same(voices.read(7), []);
  writer.write(8, [voice(5, { soundedBefore: false })]);
  const [first] = voices.read(8);
  t.match(first, { voice: 5, soundedBefore: false, isEnding: false, slot: 2, loudnessDbov: -25.5 });
  t.ok(first!.address.channels.equals(RED.channels));
  t.equal(first!.frame.samples[10], 15);
  writer.write(9, [voice(6), voice(5, { address: BLUE })]);
  const second = voices.read(9).find(({ voice }) => voice === 5);
  t.equal(second, first);
  t.ok(second!.address.channels.equals(BLUE.channels) && second!.addressBefore.channels.equals(RED.channels));
  t.ok(second!.soundedBefore);
  writer.write(10, [voice(6, { isEnding: true })]);
  t.strictSame(
    voices.read(10).map(({ voice, isEnding }) => ({ voice, isEnding })),
    [{ voice: 6, isEnding: true }],
  );
  writer.write(11, []);
  t.same(voices.read(11), []);
  t.equal(voices.count, 0);
  t.equal(kernels.frames.taken, idle, 'its frame is free again');
});

test('while its worker is late, a voice fades where it was heard, and fades in again when it is back', async (t) => {
  const { writer, voices } = setUp();
  writer.write(7, []);
  voices.read(7);
  writer.write(8, [voice(5, { soundedBefore: false })]);
  voices.read(8);
  const [late] = voices.read(9);
  t.ok(isNowhere(late!.address) && late!.addressBefore.channels.equals(RED.channels));
  t.ok(late!.soundedBefore && late!.isEnding);
  t.equal(late!.slot, NO_SLOT, 'in space it fades, too');
  t.equal(late!.frame.samples[0], 5 + FRAME_SAMPLES - 1, 'backwards, so that it joins its last frame');
  t.same(voices.read(10), [], 'and is silent');
  writer.write(11, [voice(5), voice(6, { soundedBefore: false })]);
  const [back, begins] = voices.read(11);
  t.ok(isNowhere(back!.addressBefore) && back!.soundedBefore, 'fades in');
  t.notOk(begins!.soundedBefore, 'a voice that begins need not');
  writer.write(12, [voice(5)]);
  t.ok(voices.read(12)[0]!.addressBefore.channels.equals(RED.channels));
});

test('a part that is new to this one may have voices in mid-word, which fade in', async (t) => {
  const { writer, voices } = setUp();
  writer.write(8, [voice(5)]);
  const [first] = voices.read(8);
  t.ok(isNowhere(first!.addressBefore));
});

test('close gives all frames back', async (t) => {
  const { writer, voices, kernels } = setUp();
  const idle = kernels.frames.taken;
  writer.write(8, [voice(5), voice(6)]);
  voices.read(8);
  t.equal(kernels.frames.taken, idle + 2);
  voices.close();
  t.equal(kernels.frames.taken, idle);
});

test('voices that are not wanted any more fade once, although their part goes on', async (t) => {
  const { writer, voices, kernels } = setUp();
  const idle = kernels.frames.taken;
  for (const tick of [8, 9, 10]) writer.write(tick, [voice(5)]);
  voices.read(8);
  const [fading] = voices.end();
  t.ok(isNowhere(fading!.address) && fading!.addressBefore.channels.equals(RED.channels) && fading!.isEnding);
  t.equal(fading!.frame.samples[0], 5 + FRAME_SAMPLES - 1, 'backwards');
  t.same(voices.end(), []);
  t.equal(kernels.frames.taken, idle);
});
