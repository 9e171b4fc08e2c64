import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds } from '../../../src/mixer/mix/channel-sounds.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { NO_SLOT, type Place } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { SpaceMix } from '../../../src/mixer/mix/space-mix.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const pool = new CodecPool(new PlainCodec(), () => 0);
const { kernels } = pool;
const copies = new VoiceCopies(kernels, new ChannelSounds());
const everyone = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);

/** A space with bodies in slots from 0 on, whose voices have numbers from 1 on. */
function setUp(...bodies: readonly BodyOptions[]) {
  const world = new World();
  for (const [slot, body] of bodies.entries()) world.put(slot, body);
  const space = new SpaceMix(kernels, world.writer.memory, DEFAULT_SPACE);
  space.begin();
  const voiceAt = (slot: number, number = slot + 1) => {
    const place = stillVoice(kernels, everyone, { voice: number, level: 100 });
    place.slot = slot;
    Object.assign(place.source, { loudnessDbov: -26 });
    return place;
  };
  /** The numbers of the voices that these ears hear. */
  const heardIn = (slot: number) => {
    const ears = space.take(slot);
    const heard: number[] = [];
    ears.forEachVoice((voice) => heard.push(voice));
    space.letGo(ears);
    return heard.sort();
  };
  return { world, space, voiceAt, heardIn };
}

const at = (x: number, more: BodyOptions = {}): BodyOptions => ({ at: [x, 0, 0], ...more });

test('a body is found by its voice while it has a place, and a spectator by the ears of another', (t) => {
  const { world, space } = setUp(at(0), at(5), at(0, { placed: false }), at(9, { earsOf: 1 }), at(9, { earsOf: 2 }));
  const slots = (voice: number) => [space.slotOf(voice), space.earsSlotOf(voice)];
  t.same(slots(1), [0, 0]);
  t.same(slots(2), [1, 1]);
  t.same(slots(3), [NO_SLOT, NO_SLOT], 'without a place');
  t.same(slots(4), [3, 1]);
  t.same(slots(5), [4, NO_SLOT], 'the ears of somebody without a place');
  t.same(slots(77), [NO_SLOT, NO_SLOT], 'nobody');
  world.put(5, at(0, { placed: false, earsOf: 0 }));
  space.begin();
  t.same(slots(6), [NO_SLOT, 0], 'a spectator needs no place');
  t.end();
});

test('in a flat space, and in one that ends, nobody has a place', (t) => {
  const { world, space } = setUp(at(0));
  world.writer.setMode('flat');
  space.begin();
  t.same([space.slotOf(1), space.earsSlotOf(1)], [NO_SLOT, NO_SLOT]);
  world.writer.setMode('on');
  space.begin();
  t.same([space.slotOf(1), space.earsSlotOf(1)], [0, 0]);
  space.isEnding = true;
  t.same([space.slotOf(1), space.earsSlotOf(1)], [NO_SLOT, NO_SLOT]);
  t.end();
});

test('there is news when somebody has moved or is new, at first, and while the space ends', (t) => {
  const world = new World();
  world.put(0, at(0));
  const space = new SpaceMix(kernels, world.writer.memory, DEFAULT_SPACE);
  t.ok(space.begin());
  t.notOk(space.begin());
  world.put(0, at(1));
  t.ok(space.begin());
  t.notOk(space.begin());
  space.welcome();
  t.ok(space.begin());
  t.notOk(space.begin());
  space.isEnding = true;
  t.ok(space.begin() && space.begin());
  const empty = new SpaceMix(kernels, new World().writer.memory, DEFAULT_SPACE);
  empty.begin();
  t.notOk(empty.begin());
  t.end();
});

test('somebody is in earshot of anybody in the room, also of spectators, and of nobody by themselves', (t) => {
  const { world, space } = setUp(at(0, { range: 10 }), at(9), at(50, { range: 10 }));
  t.ok(space.isInEarshot(0));
  t.notOk(space.isInEarshot(2));
  world.put(3, at(0, { earsOf: 2, placed: false }));
  space.begin();
  t.ok(space.isInEarshot(2), 'a spectator hears them');
  world.put(3, at(49));
  space.begin();
  t.ok(space.isInEarshot(2));
  world.put(3, at(49, { voice: 0 }));
  space.begin();
  t.notOk(space.isInEarshot(2), 'a body without a person hears nothing');
  space.rangeFactor = 0.5;
  t.notOk(space.isInEarshot(0));
  t.end();
});

test('ears exist once for all who hear with them, and until the last has let go', (t) => {
  const { space } = setUp(at(0), at(1));
  const ears = space.take(0);
  t.equal(space.take(0), ears);
  t.not(space.take(1), ears);
  t.equal(ears.listeners, 2);
  space.letGo(ears);
  t.equal(space.take(0), ears);
  space.letGo(ears);
  space.letGo(ears);
  t.equal(ears.listeners, 0);
  t.not(space.take(0), ears);
  t.end();
});

test('all ears hear the voices that have a place, with the settings and the range of the moment', (t) => {
  const { world, space, voiceAt, heardIn } = setUp(at(0), at(3), at(15), at(2));
  const [near, far, lobby] = [voiceAt(1), voiceAt(2), voiceAt(NO_SLOT, 9)];
  const held = [space.take(0), space.take(3)];
  const listen = (...voices: Contributor[]) => space.listen(voices, copies);
  listen(near, far, lobby);
  t.same(heardIn(0), [2, 3]);
  t.same(heardIn(3), [2, 3]);
  space.rangeFactor = 0.5;
  listen(near, far, lobby);
  t.same(heardIn(0), [2]);
  space.rangeFactor = 1;
  space.settings = { ...DEFAULT_SPACE, voices: 1 };
  listen(near, far);
  t.same(heardIn(0), [2], 'the loudest');
  space.settings = DEFAULT_SPACE;
  world.writer.setMode('muted');
  space.begin();
  listen(near, far);
  t.same(heardIn(0), [], 'muted');
  t.notOk(held[0]!.isSilent, 'but it fades');
  listen(near, far);
  t.ok(held[0]!.isSilent);
  world.writer.setMode('on');
  space.begin();
  listen(near, far);
  t.same(heardIn(0), [2, 3]);
  listen();
  t.same(heardIn(0), []);
  t.ok(held[0]!.isSilent, 'a voice that has ended has faded by itself');
  t.end();
});

test('a voice that loses its place fades in space, and one that gets a place begins there', (t) => {
  const { space, voiceAt, heardIn } = setUp(at(0), at(3));
  const ears = space.take(0);
  const voice = voiceAt(1);
  space.listen([voice], copies);
  t.same(heardIn(0), [2]);
  voice.slot = NO_SLOT;
  space.listen([voice], copies);
  t.same(heardIn(0), []);
  t.notOk(ears.isSilent);
  space.listen([voice], copies);
  t.ok(ears.isSilent);
  voice.slot = 1;
  space.listen([voice], copies);
  t.same(heardIn(0), [2]);
  const { from, to } = ears.nearnessOf(2)!;
  t.ok(from === 0 && to > 0, 'it sounded before, so it fades in');
  t.end();
});

test('the ears learn of each voice what else it says, how loud it is, and whether it sounded before', (t) => {
  const { space, voiceAt } = setUp(at(0), at(3));
  const ears = space.take(1);
  const voice: Place = voiceAt(1);
  voice.address = addressOf([3]);
  voice.addressBefore = addressOf([4]);
  voice.soundedBefore = false;
  Object.assign(voice.source, { loudnessDbov: -23 });
  space.listen([voice], copies);
  const { ownVoice } = ears;
  t.match(ownVoice, { voice: 2, slot: 1, soundedBefore: false });
  t.equal(ownVoice?.frame, voice.frame);
  t.ok(ownVoice?.channels.has(3) && ownVoice.channelsBefore.has(4));
  t.ok(Math.abs(10 * Math.log10(ownVoice?.power ?? 0) - 3) < 1e-6);
  t.end();
});

test('frames of muffled copies are given back when a voice ends, and when the space is closed', (t) => {
  const { space, voiceAt } = setUp(at(0), at(3));
  const ears = space.take(1);
  const voice = voiceAt(1);
  const taken = kernels.frames.taken;
  space.listen([voice], copies);
  void ears.ownVoice!.muffled;
  t.equal(kernels.frames.taken, taken + 1);
  space.listen([], copies);
  t.equal(kernels.frames.taken, taken);
  space.listen([voice], copies);
  void ears.ownVoice!.muffled;
  space.close();
  t.equal(kernels.frames.taken, taken);
  t.not(space.take(1), ears);
  t.end();
});
