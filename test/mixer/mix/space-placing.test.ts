import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { Audiences } from '../../../src/mixer/mix/audiences.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds } from '../../../src/mixer/mix/channel-sounds.ts';
import { Hearing } from '../../../src/mixer/mix/hearing.ts';
import { NO_SLOT, type Place } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS, SPACE_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { type SpaceLimits, SpacePlacing } from '../../../src/mixer/mix/space-placing.ts';
import { TalkerLimits } from '../../../src/mixer/mix/talker-limits.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import type { Address } from '../../../src/mixer/mix/voice-path.ts';
import type { TalkerLimit } from '../../../src/mixer/source/talker-limit.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const [ROOM, RED] = [0, 1] as const;
const ALL_LISTEN = { to: 'passed' } as const;

/** A room, and people in it with numbers from 1 on. Their bodies are in the slots before their numbers. */
class Scene {
  readonly pool = new CodecPool(new PlainCodec(), () => 0);
  readonly world = new World();
  readonly limits = new TalkerLimits(8);
  readonly audiences = new Audiences(this.pool);
  readonly places = new Set<Place>();
  readonly retuned: unknown[] = [];
  readonly competing = new Map<Place, TalkerLimit>();
  silent = ChannelSet.NONE;
  readonly copies = new VoiceCopies(this.pool.kernels, new ChannelSounds());
  readonly placing = new SpacePlacing(this.pool, {
    places: this.places,
    limits: this.limits,
    silentChannels: () => this.silent,
    moveVoice: (place: Place, address: Address) => {
      place.address = address;
    },
    moveListener: (place: Place, channels: ChannelSet) => {
      if (place.audience.channels.equals(channels)) return;
      this.audiences.leave(place.audience);
      place.audience = this.audiences.enter(channels);
    },
    retune: (encoders, mayBeStereo) => this.retuned.push(encoders === SPACE_ENCODERS, mayBeStereo),
  });

  join(
    body: BodyOptions | undefined,
    { channels = [ROOM] as readonly number[], takesStereo = false, level = 10 } = {},
  ): Place {
    const voice = this.places.size + 1;
    const heard = ChannelSet.of(channels);
    const place = stillVoice(this.pool.kernels, this.audiences.enter(heard), {
      voice,
      level,
      address: addressOf(channels),
    });
    Object.assign(place, { takesStereo, wantedChannels: heard });
    Object.assign(place.source, {
      loudnessDbov: -26,
      competeFor: (limit: TalkerLimit) => this.competing.set(place, limit),
    });
    this.places.add(place);
    this.put(place, body);
    this.placing.enter();
    return place;
  }

  put({ voice }: Place, body: BodyOptions | undefined): void {
    if (body !== undefined) this.world.put(voice - 1, { voice, ...body });
  }

  open(more: Partial<typeof DEFAULT_SPACE> = {}): void {
    this.placing.setSpace({ bodies: this.world.writer.memory, settings: { ...DEFAULT_SPACE, ...more } });
  }

  /** Everybody talks, except those who listen only. */
  tick(...silent: Place[]): void {
    const talking = [...this.places].filter((place) => !silent.includes(place));
    this.placing.beginTick(talking);
    this.placing.listen(talking, this.copies);
    this.placing.endTick();
    for (const place of this.places) place.endMove();
  }

  heard(): Map<number, number[]> {
    const heard = new Map<number, number[]>();
    this.placing.forEachHeard((listener, voice) => {
      const { voice: number } = listener as Place;
      heard.set(number, [...(heard.get(number) ?? []), voice].sort());
    });
    return heard;
  }
}

const at = (x: number, more: BodyOptions = {}): BodyOptions => ({ at: [x, 0, 0], ...more });
const channelsOf = ({ audience, address }: Place) => [audience.channels, address.channels].map(({ low }) => low);
const [IN_ROOM, IN_RED, NOWHERE] = [1, 2, 0];

test('whoever has a place speaks and hears in space instead of the room, and in other channels as before', (t) => {
  const scene = new Scene();
  const [placed, lobby, both, redOnly] = [
    scene.join(at(0)),
    scene.join(undefined),
    scene.join(at(1), { channels: [ROOM, RED] }),
    scene.join(at(2), { channels: [RED] }),
  ] as [Place, Place, Place, Place];
  const look = () =>
    [placed, lobby, both, redOnly].map((place) => [place.slot, ...channelsOf(place), place.ears?.slot]);
  scene.tick();
  const flat = [
    [NO_SLOT, IN_ROOM, IN_ROOM, undefined],
    [NO_SLOT, IN_ROOM, IN_ROOM, undefined],
    [NO_SLOT, IN_ROOM | IN_RED, IN_ROOM | IN_RED, undefined],
    [NO_SLOT, IN_RED, IN_RED, undefined],
  ];
  t.strictSame(look(), flat);
  t.notOk(scene.placing.hasSpace);
  scene.open();
  t.ok(scene.placing.hasSpace);
  scene.tick();
  t.strictSame(look(), [
    [0, NOWHERE, NOWHERE, 0],
    [NO_SLOT, IN_ROOM, IN_ROOM, undefined],
    [2, IN_RED, IN_RED, 2],
    [NO_SLOT, IN_RED, IN_RED, undefined],
  ]);
  scene.placing.setSpace(undefined);
  for (let i = 0; i < 3; i++) scene.tick();
  t.strictSame(look(), flat);
  t.notOk(scene.placing.hasSpace);
  t.end();
});

test('a space that is set again before it has ended goes on', (t) => {
  const scene = new Scene();
  const placed = scene.join(at(0));
  scene.open();
  scene.tick();
  scene.placing.setSpace(undefined);
  scene.open();
  scene.tick();
  t.ok(scene.placing.hasSpace);
  t.equal(placed.slot, 0);
  scene.placing.setSpace(undefined);
  scene.tick();
  t.notOk(scene.placing.hasSpace);
  scene.placing.setSpace(undefined);
  scene.tick();
  t.equal(scene.retuned.length / 2, 2, 'once to begin, once to end');
  t.end();
});

test('encoders change when a space begins and ends, and stereo depends on the overload', (t) => {
  const scene = new Scene();
  const limit = (limits: SpaceLimits) => scene.placing.limit(limits);
  limit({ isMono: true, rangeFactor: 0.7 });
  t.strictSame(scene.retuned.splice(0), [], 'without a space there is nothing to change');
  scene.open();
  t.strictSame(scene.retuned.splice(0), [true, false]);
  t.ok(scene.placing.isMono);
  scene.open({ voices: 4 });
  limit({ isMono: true, rangeFactor: 0.7 });
  t.strictSame(scene.retuned.splice(0), []);
  limit({ isMono: true, rangeFactor: 1 });
  t.strictSame(scene.retuned.splice(0), [true, false]);
  limit({ isMono: false, rangeFactor: 1 });
  t.strictSame(scene.retuned.splice(0), [true, true]);
  t.notOk(scene.placing.isMono);
  scene.placing.setSpace(undefined);
  scene.tick();
  t.strictSame(scene.retuned.splice(0), [false, false]);
  limit({ isMono: true, rangeFactor: 1 });
  t.notOk(scene.placing.isMono, 'without a space nothing is mono');
  t.same([FLAT_ENCODERS.own.bitrate, SPACE_ENCODERS.own.bitrate], [40_000, 48_000]);
  t.end();
});

test('a shorter range applies at once, and to a space that begins later', (t) => {
  for (const isEarly of [true, false]) {
    const scene = new Scene();
    const near = scene.join(at(0));
    scene.join(at(15));
    if (isEarly) scene.placing.limit({ isMono: false, rangeFactor: 0.5 });
    scene.open();
    scene.tick();
    t.equal(scene.heard().has(near.voice), !isEarly);
    scene.placing.limit({ isMono: false, rangeFactor: isEarly ? 1 : 0.5 });
    scene.tick();
    t.equal(scene.heard().has(near.voice), isEarly);
  }
  t.end();
});

test('listeners with the same ears and channels are a group, those in stereo another', (t) => {
  const scene = new Scene();
  const [player, fan, stereoFan, redFan, alone] = [
    scene.join(at(0)),
    scene.join(at(5, { earsOf: 0 })),
    scene.join(at(5, { earsOf: 0 }), { takesStereo: true }),
    scene.join(at(5, { earsOf: 0 }), { channels: [ROOM, RED] }),
    scene.join(at(3)),
  ] as [Place, Place, Place, Place, Place];
  scene.open();
  scene.tick();
  t.ok(player.group !== undefined && fan.group === player.group);
  t.equal(new Set([player, stereoFan, redFan, alone].map(({ group }) => group)).size, 4);
  t.same(
    [player, stereoFan, redFan, alone].map(({ group }) => group?.size),
    [2, 1, 1, 1],
  );
  t.same(
    [fan, stereoFan].map(({ group }) => group?.isStereo),
    [false, true],
  );
  scene.placing.limit({ isMono: true, rangeFactor: 1 });
  t.equal(stereoFan.group, player.group, 'while everything is mono');
  t.equal(player.group?.size, 3);
  scene.placing.limit({ isMono: false, rangeFactor: 1 });
  t.same([player.group?.size, stereoFan.group?.size, stereoFan.group?.isStereo], [2, 1, true]);
  redFan.wantedChannels = ChannelSet.ROOM;
  scene.placing.settleListener(redFan);
  t.equal(redFan.group, player.group, 'with other channels, another group');
  scene.placing.leave(fan);
  t.same([fan.group, fan.ears, player.group?.size], [undefined, undefined, 2]);
  const group = alone.group;
  scene.placing.leave(alone);
  scene.places.delete(alone);
  const next = scene.join(at(3, { voice: 6 }));
  scene.put(next, at(4, { earsOf: 4 }));
  scene.tick();
  t.not(next.group, group, 'a group without members is forgotten');
  t.end();
});

test('talkers out of earshot are not decoded, unless channels or whispers take them further', (t) => {
  const scene = new Scene();
  const { limits } = scene;
  const [near, far, farInRed, farWhisper, lobby] = [
    scene.join(at(0)),
    scene.join(at(500)),
    scene.join(at(700), { channels: [ROOM, RED] }),
    scene.join(at(900)),
    scene.join(undefined),
  ] as [Place, Place, Place, Place, Place];
  scene.join(at(1));
  farWhisper.wantedAddress = addressOf([ROOM], [1]);
  scene.open();
  scene.tick();
  const limitOf = (place: Place) => scene.competing.get(place);
  t.equal(limitOf(near), limits.space);
  t.equal(limitOf(far), limits.outOfEarshot);
  t.equal(limitOf(farInRed), limits.limitFor(addressOf([RED])));
  t.equal(limitOf(farWhisper), limits.limitFor(addressOf([], [1])));
  t.equal(limitOf(lobby), undefined, 'nothing changes for those without a place');
  scene.put(far, at(2));
  scene.tick();
  t.equal(limitOf(far), limits.space);
  scene.put(far, at(2, { placed: false }));
  scene.tick();
  t.equal(limitOf(far), limits.room);
  t.end();
});

test('whoever gets other ears hears the end of what they heard with the old ones first', (t) => {
  const scene = new Scene();
  const [listener, , talker] = [scene.join(at(0)), scene.join(at(100)), scene.join(at(2))] as [Place, Place, Place];
  scene.join(at(101));
  scene.open();
  scene.tick(listener);
  listener.listening = ALL_LISTEN;
  t.same(scene.heard().get(listener.voice), [talker.voice]);
  scene.put(listener, at(0, { earsOf: 1 }));
  scene.placing.beginTick([]);
  t.ok(listener.endsEars);
  t.equal(listener.ears?.slot, 0);
  scene.placing.settleListener(listener);
  scene.placing.endTick();
  t.notOk(listener.endsEars);
  t.equal(listener.ears?.slot, 1);
  listener.listening = { to: 'silence' };
  scene.put(listener, at(0));
  scene.placing.beginTick([]);
  t.equal(listener.ears?.slot, 0, 'at once while nothing is heard');
  t.end();
});

test('somebody who leaves while their ears end is forgotten', (t) => {
  const scene = new Scene();
  const listener = scene.join(at(0));
  scene.join(at(2));
  scene.open();
  scene.tick(listener);
  listener.listening = ALL_LISTEN;
  scene.put(listener, at(0, { earsOf: 1 }));
  scene.placing.beginTick([]);
  scene.placing.leave(listener);
  scene.places.delete(listener);
  scene.placing.endTick();
  t.same([listener.ears, listener.group], [undefined, undefined]);
  t.end();
});

test('other ears make the listener look at everything again', (t) => {
  const scene = new Scene();
  const listener = scene.join(at(0));
  scene.open();
  Object.assign(listener, { steady: listener.audience, heardSpace: true, heardInSpace: 'more' });
  scene.tick();
  t.match(listener, { steady: undefined, heardSpace: false, heardInSpace: 'nothing' });
  Object.assign(listener, { steady: listener.audience, heardSpace: true });
  scene.put(listener, at(1));
  scene.tick();
  t.match(listener, { steady: listener.audience, heardSpace: true }, 'a step with the same ears does not');
  t.end();
});

test('who hears whom: voices in range and the player whose ears one uses, unless turned off or deafened', (t) => {
  const scene = new Scene();
  const [player, fan, near, far, deaf, annoyed] = [
    scene.join(at(0)),
    scene.join(at(50, { earsOf: 0, placed: false })),
    scene.join(at(3)),
    scene.join(at(500)),
    scene.join(at(1)),
    scene.join(at(0, { earsOf: 0, placed: false })),
  ] as [Place, Place, Place, Place, Place, Place];
  deaf.deafened = true;
  Object.assign(annoyed, {
    hearing: new Hearing(
      new Map([
        [player.voice, 0],
        [near.voice, 0],
      ]),
    ),
  });
  scene.open();
  scene.tick(fan, far, annoyed);
  t.same(
    [...scene.heard()].sort(([a], [b]) => a - b),
    [
      [player.voice, [near.voice, deaf.voice]],
      [fan.voice, [player.voice, near.voice, deaf.voice]],
      [near.voice, [player.voice, deaf.voice]],
      [annoyed.voice, [deaf.voice]],
    ],
  );
  t.end();
});

test('nobody hears a channel that is silent, nor the room of a space without hearing it', (t) => {
  const scene = new Scene();
  const listener = scene.join(at(0), { channels: [ROOM, RED] });
  scene.open();
  scene.tick();
  t.equal(listener.audience.channels.low, IN_RED);
  scene.silent = ChannelSet.of([RED]);
  scene.placing.settleListener(listener);
  t.equal(listener.audience.channels.low, NOWHERE);
  t.ok(listener.ears !== undefined);
  listener.wantedChannels = ChannelSet.of([RED]);
  scene.tick();
  scene.placing.settleListener(listener);
  t.equal(listener.ears, undefined, 'who does not listen to the room does not hear its space');
  t.end();
});

test('a voice that is to go elsewhere goes there at once, in space or not', (t) => {
  const scene = new Scene();
  const [placed, lobby] = [scene.join(at(0)), scene.join(undefined)] as [Place, Place];
  scene.open();
  scene.tick();
  for (const [place, expected] of [
    [placed, IN_RED],
    [lobby, IN_ROOM | IN_RED],
  ] as const) {
    place.wantedAddress = addressOf([ROOM, RED], [9]);
    scene.placing.settleVoice(place);
    t.equal(place.address.channels.low, expected);
    t.ok(place.address.whispersTo.has(9));
    const { address } = place;
    scene.placing.settleVoice(place);
    t.equal(place.address, address, 'and nothing changes while nothing is asked for');
  }
  placed.wantedAddress = addressOf([RED]);
  scene.placing.settleVoice(placed);
  t.same([placed.slot, placed.address.channels.low], [NO_SLOT, IN_RED]);
  t.equal(scene.competing.get(placed), scene.limits.limitFor(addressOf([RED])));
  t.end();
});

test('a closed space has given back all frames and encoders', (t) => {
  const scene = new Scene();
  const listener = scene.join(at(0));
  const talker = scene.join(at(1));
  scene.open();
  scene.placing.beginTick([talker]);
  const taken = scene.pool.kernels.frames.taken;
  scene.placing.listen([talker], scene.copies);
  const { group } = listener;
  const mix = scene.pool.kernels.scratch('test');
  group!.stream.setMix(mix, 1);
  group!.stream.payload();
  t.equal(scene.pool.encodersInUse, 1);
  scene.placing.close();
  t.equal(scene.pool.encodersInUse, 0);
  t.ok(scene.pool.kernels.frames.taken <= taken + 1);
  t.end();
});

test('whoever gets other ears and their own back within a tick stays in the same group', (t) => {
  const scene = new Scene();
  const listener = scene.join(at(0));
  scene.join(at(2));
  scene.open();
  scene.tick(listener);
  listener.listening = ALL_LISTEN;
  const { group, ears } = listener;
  scene.put(listener, at(0, { earsOf: 1 }));
  scene.placing.beginTick([]);
  scene.put(listener, at(0));
  scene.placing.beginTick([]);
  scene.placing.endTick();
  t.equal(listener.group, group);
  t.equal(listener.ears, ears);
  t.notOk(listener.endsEars);
  t.end();
});
