import fc from 'fast-check';
import { test } from 'tap';
import type { EncoderSettings } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import type { Audience } from '../../../src/mixer/mix/audience.ts';
import { Audiences } from '../../../src/mixer/mix/audiences.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds } from '../../../src/mixer/mix/channel-sounds.ts';
import type { MixLink } from '../../../src/mixer/mix/mix-link.ts';
import type { Place } from '../../../src/mixer/mix/mix-participant.ts';
import { SPACE_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 3014);
const [ROOM, RED, BLUE, FAR] = [0, 1, 2, 40] as const;

type Published = Parameters<MixLink['publish']>;

/** The rest of a room: what it adds in each tick, and what was published for it. */
class Elsewhere {
  level = 0;
  voices = 0;
  readonly published: {
    readonly tick: number;
    readonly first: number;
    readonly talkers: number;
    readonly voices: readonly number[];
    readonly targeted: readonly number[];
  }[] = [];
  readonly askedFor: number[] = [];
  readonly link = {
    publish: (...[tick, mix, talkers, , voices, targeted]: Published) => {
      const first = talkers > 0 ? mix[0]! : 0;
      this.published.push({ tick, first, talkers, voices: voices.map(numberOf), targeted: targeted.map(numberOf) });
    },
    add: (tick: number, mix: Frame) => {
      this.askedFor.push(tick);
      for (let i = 0; i < FRAME_SAMPLES; i++) mix.samples[i]! += this.level;
      return this.voices;
    },
  } as Partial<MixLink> as MixLink;
}

function numberOf({ voice }: { readonly voice: number }): number {
  return voice;
}

/** Voices that speak to channels, in ticks. Every listener takes every packet. */
class Ticks {
  readonly pool = new CodecPool(new PlainCodec(), () => 0);
  readonly audiences = new Audiences(this.pool);
  readonly copies = new VoiceCopies(this.pool.kernels, new ChannelSounds());
  readonly voices: Place[] = [];
  readonly talking = new Set<Place>();
  link: MixLink | undefined;
  contributors: Place[] = [];
  tick = 100;
  isHeard = false;

  voice(...channels: number[]): Place {
    const place = stillVoice(this.pool.kernels, this.audiences.enter(ChannelSet.ROOM), {
      voice: this.voices.length + 1,
      level: 1 + this.voices.length,
      isTalking: false,
      address: addressOf(channels),
    });
    this.voices.push(place);
    return place;
  }

  get sounding() {
    const { tick, contributors, copies, link } = this;
    return { tick, own: contributors, contributors, copies, link, standing: createStanding() };
  }

  /** The mixes are valid until `end`. */
  begin(): void {
    this.tick++;
    for (const voice of this.voices) {
      voice.soundedBefore = voice.contributing;
      voice.contributing = this.talking.has(voice);
    }
    this.contributors = this.voices.filter(({ contributing }) => contributing);
    this.isHeard = this.audiences.mix(this.sounding);
  }

  end(heard: Iterable<Audience> = []): void {
    for (const audience of heard) if (audience.voices > 0) audience.stream.payload();
    this.copies.endFrame();
    this.audiences.endTick();
    for (const voice of this.voices) voice.endMove();
  }

  run(ticks: number, ...heard: Audience[]): void {
    for (let i = 0; i < ticks; i++) {
      this.begin();
      this.end(heard);
    }
  }

  close(): void {
    this.audiences.close();
    for (const { frame } of this.voices) this.pool.kernels.frames.release(frame);
  }
}

const endsOf = ({ samples }: Frame) => [samples[0]!, samples[FRAME_SAMPLES - 1]!] as const;
const isNear = (a: number, b: number) => Math.abs(a - b) < 0.2;

test('for any channels and talk, in a room of one or more parts, each audience has the sum of what it hears', async (t) => {
  t.comment(`SEED=${SEED}`);
  const { frames } = threadKernels();
  const { taken } = frames;
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (salt, linked) => {
      const prng = createPrng(salt);
      const some = () => [ROOM, RED, BLUE, FAR].filter(() => prng() < 0.4);
      const ticks = new Ticks();
      const elsewhere = new Elsewhere();
      if (linked) ticks.link = elsewhere.link;
      const heard = [some(), some(), some(), [ROOM]].map((channels) => ({
        channels,
        audience: ticks.audiences.enter(ChannelSet.of(channels)),
      }));
      for (let i = 0; i < 4; i++) ticks.voice(...some());
      for (let n = 0; n < 80; n++) {
        for (const voice of ticks.voices) {
          if (prng() < 0.1 && !ticks.talking.delete(voice)) ticks.talking.add(voice);
          if (prng() < 0.03) voice.address = addressOf(some());
        }
        if (prng() < 0.1) [elsewhere.level, elsewhere.voices] = prng() < 0.5 ? [0, 0] : [100, 2];
        ticks.begin();
        let isHeard = false;
        for (const { audience, channels } of heard) {
          const reaches = (into: ChannelSet) => channels.some((channel) => into.has(channel));
          const isLinked = linked && channels.includes(ROOM);
          let [from, to] = isLinked ? [elsewhere.level, elsewhere.level] : [0, 0];
          let voices = isLinked ? elsewhere.voices : 0;
          for (const { level, place } of ticks.contributors.map((place) => ({ level: place.voice, place }))) {
            const now = reaches(place.address.channels) ? level : 0;
            const before = place.soundedBefore ? (reaches(place.addressBefore.channels) ? level : 0) : now;
            from += before;
            to += now;
            if (before + now > 0) voices++;
          }
          if (audience.voices !== voices) throw new Error(`${audience.voices} voices instead of ${voices}`);
          if (voices === 0) {
            if (!audience.isAtRest) throw new Error('a stream goes on in silence');
            continue;
          }
          isHeard = true;
          const [first, last] = endsOf(audience.sum);
          if (!isNear(first, from) || !isNear(last, to)) throw new Error(`${first}…${last}, not ${from}…${to}`);
          if (audience.stream.frames === 0) throw new Error('nothing to send');
          if (!audience.leader.hearsTheSameAs(audience)) throw new Error('follows one that hears something else');
          if (audience.leader.leader !== audience.leader) throw new Error('follows one that follows');
        }
        if (ticks.isHeard !== isHeard) throw new Error('whether anybody hears anything');
        ticks.end(heard.map(({ audience }) => audience));
      }
      ticks.close();
      return ticks.pool.encodersInUse === 0;
    }),
    { seed: SEED, numRuns: cases(60), endOnFailure: true },
  );
  // A few belong to the thread.
  t.ok(frames.taken - taken < 5, `${frames.taken - taken} frames were not given back`);
});

test('people who hear the same channels are one audience, which is forgotten after the tick in which the last one left', async (t) => {
  const { audiences } = new Ticks();
  t.ok(audiences.isFlat);
  const red = audiences.enter(ChannelSet.of([ROOM, RED]));
  t.notOk(audiences.isFlat);
  t.equal(audiences.enter(ChannelSet.of([RED, ROOM])), red);
  t.equal(red.size, 2);
  audiences.leave(red);
  audiences.endTick();
  t.equal(audiences.enter(ChannelSet.of([ROOM, RED])), red);
  audiences.leave(red);
  audiences.leave(red);
  t.notOk(audiences.isFlat, 'their last tick is the next one');
  audiences.endTick();
  t.ok(audiences.isFlat);
  t.not(audiences.enter(ChannelSet.of([ROOM, RED])), red);
  const everyone = audiences.enter(ChannelSet.ROOM);
  audiences.leave(everyone);
  audiences.endTick();
  t.equal(audiences.enter(ChannelSet.ROOM), everyone, 'those who hear only the room are always there');
});

test('audiences that hear the same from its beginning share a stream at once', async (t) => {
  const ticks = new Ticks();
  const [everyone, red] = [ChannelSet.ROOM, ChannelSet.of([ROOM, RED])].map((one) => ticks.audiences.enter(one));
  ticks.talking.add(ticks.voice(ROOM));
  ticks.run(1, everyone!, red!);
  t.equal(red!.stream, everyone!.stream);
  t.equal(ticks.pool.encodersInUse, 1);
  const late = ticks.audiences.enter(ChannelSet.of([ROOM, BLUE]));
  ticks.run(1, late);
  t.equal(late.stream, everyone!.stream, 'a new audience is in sync with nothing, so it shares any');
});

test('an audience that was silent has its own stream, and shares one after ten ticks of the same', async (t) => {
  const ticks = new Ticks();
  const [everyone, red] = [ChannelSet.ROOM, ChannelSet.of([RED])].map((one) => ticks.audiences.enter(one));
  const both = ticks.voice(ROOM, RED);
  const [room] = [ticks.voice(ROOM)];
  ticks.talking.add(room!);
  ticks.run(5, everyone!, red!);
  ticks.talking.add(both);
  ticks.run(30, everyone!, red!);
  t.not(red!.stream, everyone!.stream, 'they never hear the same');

  const team = ticks.audiences.enter(ChannelSet.of([ROOM, BLUE]));
  const blue = ticks.voice(BLUE);
  ticks.run(3, team, everyone!);
  t.equal(team.stream, everyone!.stream);
  ticks.talking.add(blue);
  ticks.run(20, team, everyone!);
  t.not(team.stream, everyone!.stream);
  ticks.talking.delete(blue);
  let same = 0;
  while (team.stream !== everyone!.stream && same < 50) {
    ticks.run(1, team, everyone!);
    same++;
  }
  t.equal(same, 11, 'ten ticks of the same, and it shares the next one');
  t.equal(ticks.pool.counters.framesPrimed, 6, 'only to leave');
});

test('audiences that leave together stay together, and those that go on separately do not', async (t) => {
  const ticks = new Ticks();
  const sets = [[ROOM], [ROOM, RED], [ROOM, RED, FAR], [ROOM, BLUE]];
  const heard = sets.map((channels) => ticks.audiences.enter(ChannelSet.of(channels)));
  const [everyone, red, redToo, blue] = heard as [Audience, Audience, Audience, Audience];
  const [voice, redVoice, blueVoice] = [ticks.voice(ROOM), ticks.voice(RED), ticks.voice(BLUE)];
  ticks.talking.add(voice!);
  ticks.run(5, ...heard);
  t.equal(new Set(heard.map(({ stream }) => stream)).size, 1);
  ticks.talking.add(redVoice!).add(blueVoice!);
  ticks.run(1, ...heard);
  t.equal(redToo.stream, red.stream);
  t.equal(new Set([everyone.stream, red.stream, blue.stream]).size, 3);
  t.equal(ticks.pool.counters.framesPrimed, 2 * 5, 'two streams took over five frames');
});

test('an audience is kept while another shares its stream, though nobody is left in it', async (t) => {
  const ticks = new Ticks();
  const [red, both] = [[RED], [RED, BLUE]].map((channels) => ticks.audiences.enter(ChannelSet.of(channels))) as [
    Audience,
    Audience,
  ];
  ticks.talking.add(ticks.voice(RED));
  ticks.run(3, red, both);
  t.equal(both.leader, red);
  ticks.audiences.leave(red);
  ticks.run(3, both);
  t.equal(both.leader, red);
  t.ok(isNear(endsOf(both.sum)[1], 1));
  ticks.talking.clear();
  ticks.run(3, both);
  t.not(ticks.audiences.enter(ChannelSet.of([RED])), red, 'it is gone after the silence');
});

test('other parts of the room learn in this tick what is said to the room and to others, and are heard with what they said before', async (t) => {
  for (const hasTeam of [false, true]) {
    const ticks = new Ticks();
    const elsewhere = new Elsewhere();
    ticks.link = elsewhere.link;
    const everyone = ticks.audiences.enter(ChannelSet.ROOM);
    if (hasTeam) ticks.audiences.enter(ChannelSet.of([RED]));
    const [voice, red] = [ticks.voice(ROOM), ticks.voice(RED)];
    ticks.talking.add(voice!).add(red!);
    [elsewhere.level, elsewhere.voices] = [50, 3];
    ticks.begin();
    const said = { talkers: 1, voices: [voice!.voice], targeted: [red!.voice] };
    t.strictSame(elsewhere.published, [{ tick: ticks.tick, first: 1, ...said }]);
    t.strictSame(elsewhere.askedFor, [ticks.tick - 1]);
    t.equal(everyone.voices, 1 + 3);
    t.ok(isNear(endsOf(everyone.sum)[0], 51));
    ticks.end([everyone]);
    // While it fades, it is not what everyone hears.
    voice!.address = addressOf([RED]);
    ticks.begin();
    const rest = { talkers: 0, voices: [], targeted: [voice!.voice, red!.voice] };
    t.match(elsewhere.published.at(-1), rest);
    t.equal(everyone.voices, 1 + 3, 'and here it fades');
    ticks.end([everyone]);
    [elsewhere.level, elsewhere.voices] = [0, 0];
    ticks.begin();
    t.match(elsewhere.published.at(-1), rest);
    t.equal(everyone.voices, 0);
    ticks.end();
  }
});

test('while a lone voice is passed on, there is a sum only if somebody needs one', async (t) => {
  const ticks = new Ticks();
  const everyone = ticks.audiences.enter(ChannelSet.ROOM);
  const voice = ticks.voice(ROOM);
  voice.contributing = true;
  ticks.contributors = [voice];
  const { frames } = ticks.pool.kernels;
  const before = frames.taken;
  ticks.audiences.passOn(ticks.sounding, false);
  t.equal(frames.taken, before);
  t.equal(everyone.voices, 1);
  ticks.audiences.passOn(ticks.sounding, true);
  t.equal(frames.taken, before + 1);
  t.ok(isNear(endsOf(everyone.sum)[0], 1));
  ticks.audiences.passOn(ticks.sounding, false);
  t.equal(frames.taken, before);
});

test('in a room without other channels, somebody can hear something while there is a voice, here or elsewhere', async (t) => {
  const ticks = new Ticks();
  const elsewhere = new Elsewhere();
  const voice = ticks.voice(ROOM);
  const heardIn = () => {
    ticks.begin();
    ticks.end();
    return ticks.isHeard;
  };
  t.notOk(heardIn());
  ticks.talking.add(voice);
  t.ok(heardIn() && heardIn());
  ticks.talking.clear();
  t.notOk(heardIn());
  ticks.link = elsewhere.link;
  t.notOk(heardIn());
  [elsewhere.level, elsewhere.voices] = [50, 1];
  t.ok(heardIn());
  ticks.close();
});

test('an audience that was silent is not new, so it does not join a stream in mid-sentence', async (t) => {
  const ticks = new Ticks();
  const [both, red] = [[RED, BLUE], [RED]].map((channels) => ticks.audiences.enter(ChannelSet.of(channels))) as [
    Audience,
    Audience,
  ];
  const [redVoice, blueVoice] = [ticks.voice(RED), ticks.voice(BLUE)];
  ticks.talking.add(blueVoice!);
  ticks.run(5, both, red);
  ticks.talking.clear();
  ticks.talking.add(redVoice!);
  ticks.run(1, both, red);
  t.not(red.stream, both.stream, 'both hear red only, but one of them in a stream that goes on');
  ticks.run(15, both, red);
  t.equal(red.stream, both.stream);
});

test('audiences are encoded as the room needs it, those in stereo differently, and so are later ones', async (t) => {
  const bitrates: number[] = [];
  class Watched extends PlainCodec {
    override createEncoder() {
      const configure = ({ bitrate }: EncoderSettings) => void bitrates.push(bitrate);
      return { ...super.createEncoder(), configure };
    }
  }
  const pool = new CodecPool(new Watched(), () => 0);
  const audiences = new Audiences(pool);
  const enter = (isStereo: boolean, ...channels: number[]) => audiences.enter(ChannelSet.of(channels), isStereo);
  const before = [enter(false, RED), enter(true, RED), enter(false, ROOM)];
  audiences.retune(SPACE_ENCODERS);
  const after = [enter(false, BLUE), enter(true, BLUE)];
  for (const audience of [...before, ...after]) {
    bitrates.length = 0;
    const voice = stillVoice(pool.kernels, audience, { voice: 1, level: 5, address: addressOf([ROOM, RED, BLUE]) });
    audience.sumUp([voice], new VoiceCopies(pool.kernels, new ChannelSounds()));
    audience.setMix();
    audience.stream.payload();
    const { bitrate } = audience.isStereo ? SPACE_ENCODERS.stereo : SPACE_ENCODERS.shared;
    t.ok(bitrates.length > 0 && bitrates.every((one) => one === bitrate), `${bitrates}`);
  }
  audiences.close();
});
