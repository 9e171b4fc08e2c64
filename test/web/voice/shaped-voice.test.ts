import { test } from 'tap';
import { type OpenChain, ShapedVoice } from '../../../web/app/voice/shaped-voice.ts';
import type { VoiceShape } from '../../../web/app/voice/voice-chain.ts';

const NEUTRAL: VoiceShape = { gainDb: 0, isStrong: false, gate: null };
const LOUDER: VoiceShape = { ...NEUTRAL, gainDb: 6 };
const GATED: VoiceShape = { ...NEUTRAL, gate: { thresholdDbfs: null } };

type Chain = Awaited<ReturnType<OpenChain>>;

const track = (id: string) => ({ id }) as MediaStreamTrack;

/** Chains open when the test says so. */
function setUp() {
  const done: string[] = [];
  const opening: { readonly open: () => Promise<void>; readonly fail: () => Promise<void> }[] = [];
  let count = 0;
  const open: OpenChain = (microphone, shape, onGate) => {
    const name = `${microphone.id}${++count}`;
    let resolve!: (chain: Chain) => void;
    let reject!: (reason: Error) => void;
    const promise = new Promise<Chain>((...ends) => {
      [resolve, reject] = ends;
    });
    opening.push({
      open: async () => {
        resolve({
          track: track(name),
          adjust: ({ gainDb }) => done.push(`${name} gets ${gainDb} dB`),
          close: () => done.push(`${name} closes`),
        });
        await promise;
        await Promise.resolve();
        if (shape.gate !== null) onGate({ isOpen: true, thresholdDbfs: -40 });
      },
      fail: async () => {
        reject(new Error('no audio thread'));
        await promise.catch(() => {});
        await Promise.resolve();
      },
    });
    return promise;
  };
  const voice = new ShapedVoice(open);
  return { voice, done, opening, sent: () => voice.track.value?.id ?? null };
}

test('a voice that nothing is done to takes no chain', async (t) => {
  const { voice, opening, sent } = setUp();
  await voice.shape(track('a'), NEUTRAL);
  t.same([opening.length, sent()], [0, null]);
});

test('a chain replaces the microphone once it is open, and follows the gain without another one', async (t) => {
  const { voice, opening, done, sent } = setUp();
  const microphone = track('a');
  const shaped = voice.shape(microphone, LOUDER);
  t.equal(sent(), null, 'until then the microphone itself is heard');
  await opening[0]!.open();
  await shaped;
  t.equal(sent(), 'a1');
  await voice.shape(microphone, { ...LOUDER, gainDb: 9 });
  t.same([opening.length, done.splice(0)], [1, ['a1 gets 9 dB']]);
  const gated = voice.shape(microphone, GATED);
  t.equal(sent(), 'a1', 'the previous one is heard until the next is open');
  await opening[1]!.open();
  await gated;
  t.same([sent(), done.splice(0)], ['a2', ['a1 closes']]);
  t.same(voice.gate.value, { isOpen: true, thresholdDbfs: -40 });
  await voice.shape(microphone, NEUTRAL);
  t.same([sent(), voice.gate.value, done.splice(0)], [null, null, ['a2 closes']]);
});

test('another microphone takes another chain', async (t) => {
  const { voice, opening, sent } = setUp();
  for (const name of ['a', 'b']) {
    const shaped = voice.shape(track(name), LOUDER);
    await opening.at(-1)!.open();
    await shaped;
  }
  t.equal(sent(), 'b2');
});

test('the last wish counts, whatever order chains open in', async (t) => {
  const { voice, opening, done, sent } = setUp();
  const microphone = track('a');
  const wishes = [voice.shape(microphone, LOUDER), voice.shape(microphone, GATED)];
  await opening[1]!.open();
  await opening[0]!.open();
  await Promise.all(wishes);
  t.same([sent(), done.splice(0)], ['a2', ['a1 closes']]);
  const late = voice.shape(microphone, LOUDER);
  voice.close();
  await opening[2]!.open();
  await late;
  t.same([sent(), done.splice(0)], [null, ['a2 closes', 'a3 closes']], 'the microphone is gone meanwhile');
});

test('a browser that cannot do it sends the voice as it is, and says so', async (t) => {
  const { voice, opening, sent } = setUp();
  const shaped = voice.shape(track('a'), GATED);
  await opening[0]!.fail();
  await shaped;
  t.same([sent(), voice.isBypassed.value], [null, true]);
  const again = voice.shape(track('a'), GATED);
  await opening[1]!.open();
  await again;
  t.same([sent(), voice.isBypassed.value], ['a2', false]);
});
