/** What players hear of each other, by the law of the documents: through sessions, rooms, media plane and Opus, in simulated time. */
import { test } from 'tap';
import { MOTION_SCENES, type MotionScene } from '../helpers/motion-scenes.ts';
import { createPrng } from '../helpers/prng.ts';
import { clickRatio, roundToInt16, SAMPLE_RATE, sharedTone, toneLevelDbfs } from '../helpers/signal.ts';
import { SimulatedGame, type SimulatedPlayer } from '../helpers/simulated-game.ts';
import { splatterOf } from '../helpers/splatter.ts';

const SEED = Number(process.env['SEED'] ?? 3160);
const NAMES = ['ada', 'ben', 'cleo'] as const;
/** Until gains, jitter buffer and encoders have settled. */
const SETTLE_MS = 500;
const FRAME_MS = 20;
/** All tones have whole periods in this. */
const LISTEN_FRAMES = 10;
/** Where the gain of an ear for low frequencies passes into that for high ones (one pole). */
const CORNER_HZ = 1200;
const TALKED_DBFS = -26;

function chord(frequenciesHz: readonly number[], amplitude = 0.05): Int16Array {
  const tones = frequenciesHz.map((frequencyHz) => sharedTone({ frequencyHz, samples: 9600, amplitude }));
  return roundToInt16(Float32Array.from({ length: 9600 }, (_, i) => tones.reduce((sum, tone) => sum + tone[i]!, 0)));
}

/** What an ear with these gains, in dB, makes of a tone. */
function shelfDb(lowDb: number, highDb: number, frequencyHz: number): number {
  const [low, high] = [10 ** (lowDb / 20), 10 ** (highDb / 20)];
  const pole = Math.exp((-2 * Math.PI * CORNER_HZ) / SAMPLE_RATE);
  const angle = (2 * Math.PI * frequencyHz) / SAMPLE_RATE;
  const [real, imaginary] = [1 - pole * Math.cos(angle), pole * Math.sin(angle)];
  const size = real * real + imaginary * imaginary;
  const [passReal, passImaginary] = [((1 - pole) * real) / size, (-(1 - pole) * imaginary) / size];
  return 20 * Math.log10(Math.hypot(high + (low - high) * passReal, (low - high) * passImaginary));
}

function levels(listener: SimulatedPlayer, frequencyHz: number, frames = LISTEN_FRAMES) {
  const [left, right] = (['left', 'right'] as const).map((side) =>
    toneLevelDbfs(listener.side(side, frames), frequencyHz),
  );
  return { left: left!, right: right! };
}

const open = (t: Parameters<typeof SimulatedGame.open>[0]) => SimulatedGame.open(t, { seed: SEED, names: NAMES });

test('the ears differ by the law at any angle, mirrored on both sides, and in front a voice is as in a flat room', async (t) => {
  const game = await open(t);
  const ada = game.player('ada');
  const tonesHz = [300, 1000, 4000];
  game.player('ben').talk(chord(tonesHz));
  await game.run(SETTLE_MS);
  const flat = tonesHz.map((hz) => levels(ada, hz).left);
  let worst = 0;
  const found = new Map<number, ReturnType<typeof levels>[]>();
  for (let degrees = -180; degrees < 180; degrees += 15) {
    const [side, front] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
    game.place({ ada: { at: [0, 0, 0] }, ben: { at: [2 * side, 0, -2 * front] } });
    await game.run(SETTLE_MS);
    const behindDb = -4 * Math.max(0, -front);
    found.set(
      degrees,
      tonesHz.map((hz) => levels(ada, hz)),
    );
    for (const [i, hz] of tonesHz.entries()) {
      const near = shelfDb(0, behindDb, hz);
      const far = shelfDb(-8 * Math.abs(side), -18 * Math.abs(side) + behindDb, hz);
      const law = side < 0 ? { left: near, right: far } : { left: far, right: near };
      const { left, right } = found.get(degrees)![i]!;
      worst = Math.max(worst, Math.abs(left - flat[i]! - law.left), Math.abs(right - flat[i]! - law.right));
    }
  }
  t.ok(worst < 1, `at most ${worst} dB off`);
  const differences = [15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165].flatMap((degrees) =>
    tonesHz.map((_, i) => Math.abs(found.get(degrees)![i]!.left - found.get(-degrees)![i]!.right)),
  );
  t.ok(Math.max(...differences) < 0.2, `mirrored within ${Math.max(...differences)} dB`);
  for (const [i, { left, right }] of found.get(0)!.entries())
    t.ok(Math.abs(left - flat[i]!) < 0.2 && Math.abs(right - flat[i]!) < 0.2, `${left} and ${right}, flat ${flat[i]}`);
});

test('a voice fades with distance by the formula, and beyond its range there is nothing of it', async (t) => {
  const game = await open(t);
  const ada = game.player('ada');
  game.player('ben').talk(chord([400]));
  game.player('cleo').talk(chord([1500]));
  for (const [distance, gain] of [
    [2, 1],
    [4, 1 / 2],
    [8, 1 / 4],
    [16, 1 / 8],
    [18, (1 / 9) * 0.5],
  ] as const) {
    game.place({ ada: { at: [0, 0, 0] }, ben: { at: [0, 0, -distance] } });
    await game.run(SETTLE_MS);
    const { left } = levels(ada, 400);
    const wanted = TALKED_DBFS + 20 * Math.log10(gain);
    t.ok(Math.abs(left - wanted) < 0.5, `${distance} m: ${left} dBFS instead of ${wanted}`);
  }
  game.place({ ben: { at: [0, 0, -21] }, cleo: { at: [2, 0, 0] } });
  await game.run(4500);
  t.ok(levels(ada, 1500, 200).right > -30);
  const { left, right } = levels(ada, 400, 200);
  t.ok(Math.max(left, right) < -65, `${left} and ${right} dBFS`);
});

test('inaudible voices are not there, and nobody hears themselves, in channels, on emitters and while it changes', async (t) => {
  const game = await open(t);
  const tonesHz = { ada: 500, ben: 1100, cleo: 1900 };
  for (const name of NAMES) game.player(name).talk(chord([tonesHz[name]]));
  const ids = Object.fromEntries(NAMES.map((name) => [name, game.player(name).id])) as Record<
    (typeof NAMES)[number],
    string
  >;
  const all = Object.values(ids);
  game.place({ ada: { at: [0, 0, 0] }, ben: { at: [1, 0, 0] }, cleo: { at: [0, 0, 1] } });
  game.say({ type: 'channels', channels: { red: { speak: all, hear: all, effect: 'radio', gain: 0.5, pan: 0.5 } } });
  game.say({ type: 'space', emitters: { radio: { position: [0, 0, -1], from: { channel: 'red' } } } });
  for (const name of NAMES) game.player(name).session.say({ type: 'talk_to', room: true, channels: ['red'] });
  const prng = createPrng(SEED);
  for (let n = 0; n < 40; n++) {
    const who = NAMES[Math.floor(3 * prng())]!;
    const channels = prng() < 0.5 ? ['red'] : [];
    game.player(who).session.say({ type: 'talk_to', room: prng() < 0.7, channels });
    if (prng() < 0.3) game.player(who).talks = !game.player(who).talks;
    await game.run(100);
  }
  for (const name of NAMES) {
    game.player(name).talks = true;
    const { left, right } = levels(game.player(name), tonesHz[name], 200);
    t.ok(Math.max(left, right) < -65, `${name} at ${left} and ${right} dBFS`);
    t.ok(levels(game.player(name), tonesHz[name === 'ada' ? 'ben' : 'ada'], 50).left > -60, 'but others');
  }
  const layers = (own: string, ...hears: readonly string[]) => ({ layers: [own], hears });
  game.say({
    type: 'space',
    emitters: { radio: null },
    players: { [ids.ada]: layers('alive', 'alive'), [ids.ben]: layers('dead', 'dead'), [ids.cleo]: layers('alive') },
  });
  for (const name of NAMES) game.player(name).session.say({ type: 'talk_to', room: true, channels: [] });
  const ada = game.player('ada');
  /** Whom Ada hears for four seconds. */
  const audible = async () => {
    await game.run(4500);
    return (['ben', 'cleo'] as const).filter((name) => {
      const { left, right } = levels(ada, tonesHz[name], 200);
      const loudest = Math.max(left, right);
      t.ok(loudest < -65 || loudest > -40, `${name} at ${loudest} dBFS`);
      return loudest > -40;
    });
  };
  t.same(await audible(), ['cleo'], 'another layer');
  game.say({ type: 'space', players: { [ids.ben]: layers('alive') } });
  ada.session.say({ type: 'hear', participantId: ids.cleo, gain: 0 });
  t.same(await audible(), ['ben'], 'muted for her alone');
});

test('motion at ten positions a second does not click, and splatters hardly more than the codec', async (t) => {
  const game = await open(t);
  const [ada, ben] = [game.player('ada'), game.player('ben')];
  const tone = sharedTone({ frequencyHz: 1000, samples: 48_000, amplitude: 0.1 });
  ben.talk(tone);
  game.say({ type: 'space', rules: { ranges: { normal: 40 } } });
  const seconds = 8;
  const listen = async (at: MotionScene['at']) => {
    await game.run(1000 * seconds, (passedMs) => {
      if (Math.round(passedMs / FRAME_MS) % 5 === 0) {
        const { at: place, yaw } = at(passedMs / 1000);
        game.place({ ada: { at: [0, 0, 0], yaw }, ben: { at: place } });
      }
    });
    return (['left', 'right'] as const).map((side) => ada.side(side, seconds * 50 - 10));
  };
  const still = await listen(() => ({ at: [0, 0, -2], yaw: 0 }));
  // What two encoders add by themselves.
  const codec = splatterOf(still[0]!, 1000);
  const clicks = clickRatio(still[0]!, 0, still[0]!.length, tone);
  t.comment(`still: ${codec.meanDb.toFixed(1)} dB, worst ${codec.worstDb.toFixed(1)} dB, click ${clicks.toFixed(2)}`);
  for (const { name, at } of MOTION_SCENES) {
    for (const side of await listen(at)) {
      const { meanDb: mean, worstDb: worst } = splatterOf(side, 1000);
      const click = clickRatio(side, 0, side.length, tone) / clicks;
      t.comment(`${name}: ${mean.toFixed(1)} dB, worst ${worst.toFixed(1)} dB, click ${click.toFixed(2)}`);
      // The codec is less exact while levels change; `test/mixer/mix/motion.test.ts` measures without it.
      t.ok(mean <= codec.meanDb + 6, `${name}: ${mean} dB in the mean`);
      t.ok(worst <= -22, `${name}: worst ${worst} dB`);
      t.ok(click <= 1.05, `${name}: click ${click}`);
    }
  }
});

test('a radio has its band, and a talker with one is heard from 1 to 60 m, never twice: within 3 dB', async (t) => {
  const game = await open(t);
  const [ada, ben] = [game.player('ada'), game.player('ben')];
  const lists = { speak: [ben.id], hear: [ada.id] };
  game.say({ type: 'channels', channels: { red: { ...lists, effect: 'radio' } } });
  game.say({ type: 'space', rules: { ranges: { normal: 50 } } });
  game.place({ ada: { at: [0, 0, 0] }, ben: { at: [0, 0, -500] } });
  ben.session.say({ type: 'talk_to', channels: ['red'] });
  const band: number[] = [];
  for (const hz of [200, 1000, 6000]) {
    ben.talk(chord([hz]));
    await game.run(SETTLE_MS);
    band.push(levels(ada, hz).left);
  }
  const [low, middle, high] = band as [number, number, number];
  t.ok(low < middle - 20 && high < middle - 20, `${low}, ${middle} and ${high} dBFS`);

  const tonesHz = [600, 800, 1000, 1250, 1600];
  ben.talk(chord(tonesHz, 0.02));
  const totalDb = () => 10 * Math.log10(tonesHz.reduce((sum, hz) => sum + 10 ** (levels(ada, hz, 10).left / 10), 0));
  ben.session.say({ type: 'talk_to', room: true });
  game.place({ ben: { at: [0, 0, -1] } });
  await game.run(SETTLE_MS);
  const nearDb = totalDb();
  ben.session.say({ type: 'talk_to', room: true, channels: ['red'] });
  const walk: number[] = [];
  for (let distance = 1; distance <= 60; distance += 0.5) {
    game.place({ ben: { at: [0, 0, -distance] } });
    await game.run(200);
    walk.push(totalDb() - nearDb);
  }
  t.ok(Math.min(...walk) > -3 && Math.max(...walk) < 3, `from ${Math.min(...walk)} to ${Math.max(...walk)} dB`);
});
