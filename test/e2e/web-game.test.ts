import { type Test, test } from 'tap';
import { EARSHOT, isWallBetween, type Place } from '../../examples/web-game/world.ts';
import { pairGains } from '../../src/mixer/space/pair.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { startExample } from '../helpers/example-process.ts';
import { type GamePlayer, playWebGame } from '../helpers/game-page.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { untilGood } from '../helpers/until-good.ts';
import { World } from '../helpers/world.ts';

const ADA_HZ = 820;
const BEN_HZ = 500;
const LISTEN_S = 0.6;
/** Of a microphone with `TONE_GAIN`, in a mix of it alone. */
const TONE_DBFS = 20 * Math.log10(TONE_GAIN);
const TOLERANCE_DB = 1.5;
const CURVE = { model: 'inverse', reference: 2, rolloff: 1 } as const;

/** The gains of the lowest and highest frequencies meet in one pole at 1.2 kHz. */
const POLE = Math.exp((-2 * Math.PI * 1200) / 48_000);

function toneGainDb(low: number, high: number, frequencyHz: number): number {
  const w = (2 * Math.PI * frequencyHz) / 48_000;
  const [re, im] = [1 - POLE * Math.cos(w), POLE * Math.sin(w)];
  const [passRe, passIm] = [((1 - POLE) * re) / (re * re + im * im), (-(1 - POLE) * im) / (re * re + im * im)];
  return 20 * Math.log10(Math.hypot(high + (low - high) * passRe, (low - high) * passIm));
}

/** By the law of the mixer: the gain of a tone in each ear of somebody who looks up on the screen. */
function lawDb(voice: Place, ears: Place, frequencyHz: number) {
  const world = new World();
  world.put(0, { at: [voice.x, 0, voice.z], range: EARSHOT });
  world.put(1, { at: [ears.x, 0, ears.z], range: EARSHOT });
  world.writer.setPair(0, 1, isWallBetween(voice, ears) ? 1 : 0);
  const gains = new Float32Array(4);
  pairGains(world.read(), 0, 1, { curve: CURVE, voices: 8, cone: false }, 1, gains);
  const [leftLow, leftHigh, rightLow, rightHigh] = gains as unknown as [number, number, number, number];
  return { left: toneGainDb(leftLow, leftHigh, frequencyHz), right: toneGainDb(rightLow, rightHigh, frequencyHz) };
}

interface Levels {
  readonly left: number;
  readonly right: number;
}

async function levelsDbfs({ voice }: GamePlayer, frequencyHz: number): Promise<Levels> {
  const [left, right] = await voice.recordStereo(LISTEN_S);
  return { left: heardTone(left, frequencyHz).usuallyDbfs, right: heardTone(right, frequencyHz).usuallyDbfs };
}

test('people in the web game hear each other from where they are, and from anywhere by radio', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const game = await startExample('web-game', {
    voiceSettings: { PARTYLINE_MEDIA_HOST: PRIVATE_ADDRESS, PARTYLINE_LEVELLING: 'off' },
  });
  t.teardown(() => game.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const ada = await playWebGame(chromium, game.url, { name: 'Ada', toneHz: ADA_HZ, toneGain: TONE_GAIN });
  const ben = await playWebGame(chromium, game.url, { name: 'Ben', toneHz: BEN_HZ, toneGain: TONE_GAIN });
  const adaAt = await ada.placeOf('Ada');

  /** Compares what Ada or Ben hears of the other with the law, for where both are. Returns what is heard. */
  const heardBy = async (t: Test, listener: GamePlayer): Promise<Levels> => {
    const measure = async () => {
      const [adaAt, benAt] = [await ben.placeOf('Ada'), await ada.placeOf('Ben')];
      const [heard, law] =
        listener === ada
          ? [await levelsDbfs(ada, BEN_HZ), lawDb(benAt, adaAt, BEN_HZ)]
          : [await levelsDbfs(ben, ADA_HZ), lawDb(adaAt, benAt, ADA_HZ)];
      const errorDb = (side: keyof Levels) => heard[side] - law[side] - TONE_DBFS;
      return { heard, errorsDb: [errorDb('left'), errorDb('right')] };
    };
    const isGood = ({ errorsDb }: { errorsDb: readonly number[] }) =>
      errorsDb.every((errorDb) => Math.abs(errorDb) < TOLERANCE_DB);
    const last = await untilGood(measure, isGood);
    const [left, right] = last.errorsDb.map((errorDb) => `${errorDb.toFixed(1)} dB`);
    const sides = `left ${last.heard.left.toFixed(1)} dBFS, right ${last.heard.right.toFixed(1)} dBFS`;
    t.ok(isGood(last), `${listener.voice.name} hears ${sides}; compared with the law: ${left} and ${right}`);
    return last.heard;
  };
  let onTheLeft: Levels;
  let onTheRight: Levels;

  await t.test('on the left', async (t) => {
    t.ok((await ada.placeOf('Ben')).x < adaAt.x);
    onTheLeft = await heardBy(t, ada);
    t.ok(onTheLeft.left > onTheLeft.right + 5, 'louder in the left ear');
    await heardBy(t, ben);
  });

  await t.test('on the right', async (t) => {
    await ben.walk('KeyD', ({ x }) => x > 29);
    onTheRight = await heardBy(t, ada);
    const mirrored = onTheLeft.left - onTheLeft.right - (onTheRight.right - onTheRight.left);
    t.ok(Math.abs(mirrored) < TOLERANCE_DB, `the mirror image, except for ${mirrored.toFixed(1)} dB`);
    await heardBy(t, ben);
  });

  await t.test('behind the wall', async (t) => {
    await ben.walk('ArrowUp', ({ z }) => z < 10);
    await ben.walk('ArrowRight', ({ x }) => x > 34);
    await ben.walk('ArrowDown', ({ z }) => z > 17);
    const there = await ada.placeOf('Ben');
    t.ok(isWallBetween(there, adaAt));
    const behind = await heardBy(t, ada);
    const distanceDb = 20 * Math.log10(Math.hypot(there.x - adaAt.x, there.z - adaAt.z) / (30 - adaAt.x));
    t.ok(behind.right < onTheRight.right - distanceDb - 5, 'quieter than distance alone makes it');
  });

  await t.test('too far away to be heard, except by radio', async (t) => {
    await ben.walk('KeyD', ({ x }) => x > 50);
    await hearsOnly(t, ada.voice, { Ben: BEN_HZ }, []);
    await ben.voice.page.keyboard.down('KeyR');
    await hearsOnly(t, ada.voice, { Ben: BEN_HZ }, ['Ben']);
    await ben.voice.page.keyboard.up('KeyR');
    await hearsOnly(t, ada.voice, { Ben: BEN_HZ }, []);
  });

  await t.test('gone after leaving', async (t) => {
    await ben.voice.close();
    await ada.voice.page.waitForFunction(`document.querySelector('[data-name="Ben"]') === null`);
    t.same(ada.voice.errors, []);
    t.same(ben.voice.errors, []);
  });
});
