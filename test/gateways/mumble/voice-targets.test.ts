import { type Test, test } from 'tap';
import { WHISPER_TARGET } from '../../../src/gateways/mumble/wire/messages.ts';
import { encodeMessage, type MessageValues } from '../../../src/gateways/mumble/wire/protobuf.ts';
import type { VoiceFormat } from '../../../src/gateways/mumble/wire/version.ts';
import { ROOM_CHANNEL, type VoicePlan } from '../../../src/media/plane.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type FakeRelayedSeat, sit } from '../../helpers/fake-media-plane.ts';
import type { MumbleClient } from '../../helpers/mumble-client.ts';
import { startMumble } from '../../helpers/mumble-server.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);
const ROOM_PLAN = { speaksInto: [ROOM_CHANNEL], whispersTo: [], hears: [ROOM_CHANNEL] };

function define(client: MumbleClient, id: number, ...targets: readonly MessageValues<typeof WHISPER_TARGET>[]) {
  client.send('voiceTarget', { id, targets: targets.map((target) => encodeMessage(WHISPER_TARGET, target)) });
}

/** What the media plane is told of one seat, in order: the plan, 'clear', and 'voice' with the plan at that time. */
function watch(seat: FakeRelayedSeat) {
  const told: { readonly what: 'plan' | 'clear' | 'voice'; readonly plan: VoicePlan }[] = [];
  const plan = () => seat.state.plan ?? ROOM_PLAN;
  const { setState, send } = seat;
  seat.setState = (state) => {
    setState.call(seat, state);
    told.push({ what: 'plan', plan: plan() });
  };
  seat.clearQueue = () => told.push({ what: 'clear', plan: plan() });
  seat.send = (packet) => {
    told.push({ what: 'voice', plan: plan() });
    return send.call(seat, packet);
  };
  return told;
}

async function setUp(t: Test, format: VoiceFormat = 'protobuf') {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { participant: bob } = server.browser('Bob');
  sit(bob, 'offer');
  const [client, carl, dan] = [
    await server.join({ format }),
    await server.join({ name: 'Carl', format }),
    await server.join({ name: 'Dan', format: format === 'old' ? 'protobuf' : 'old' }),
  ];
  const room = server.registry.room('lobby');
  const seats = server.plane.rooms[0]!.relayed;
  const own = seats[0]!;
  const told = watch(own);
  const sessionOf = (name: string) => client.user(name)!.session!;
  await eventually(() => client.users.size === 4 || 'not all are shown');
  /** Everything sent before has been handled. */
  const settled = async () => {
    const pings = client.of('ping').length;
    client.ping();
    await eventually(() => client.of('ping').length > pings || 'no answer');
  };
  const voices = () => told.filter(({ what }) => what === 'voice');
  return { server, room, bob, client, carl, dan, seats, told, sessionOf, settled, voices };
}

for (const format of ['old', 'protobuf'] as const) {
  test(`a whisper reaches those whom it is for, and nobody else (${format})`, async (t) => {
    const { bob, client, carl, dan, seats, sessionOf, voices, settled } = await setUp(t, format);
    define(client, 1, { sessions: [sessionOf('Bob'), sessionOf('Carl')] });
    client.say(0, SPEECH, { target: 1 });
    client.say(2, SPEECH, { target: 1, isLast: true });
    await eventually(() => carl.heard.length === 3 || `${carl.heard.length} heard`);
    const to = [bob.seat!.id, seats[1]!.id];
    for (const { plan } of voices()) t.match(plan, { speaksInto: [], whispersTo: to });
    t.equal(voices().length, 3, 'with the end of the talkspurt');
    t.match(
      carl.heard.map(({ target, session, isLast }) => ({ target, session, isLast })),
      [false, false, true].map((isLast) => ({ target: 2, session: client.session, isLast })),
    );
    t.match(carl.heard[0]?.opus, SPEECH);
    await settled();
    t.equal(dan.heard.length, 0);
    t.equal(client.of('permissionDenied').length, 0);
  });

  test(`what follows a whisper is for the room only after the whisper is forgotten (${format})`, async (t) => {
    const { server, client, sessionOf, told, voices, settled } = await setUp(t, format);
    define(client, 3, { sessions: [sessionOf('Bob')] });
    client.say(0, SPEECH);
    client.say(2, SPEECH, { target: 3 });
    client.say(4, SPEECH);
    client.say(6, SPEECH, { target: 3 });
    await settled();
    t.same(
      voices().map(({ plan }) => plan.speaksInto),
      [[ROOM_CHANNEL], []],
      'while it fades nothing is let through',
    );
    t.same(
      told.map(({ what }) => what),
      ['voice', 'plan', 'voice', 'clear'],
    );
    server.clock.advance(90);
    client.say(8, SPEECH);
    await settled();
    t.equal(told.length, 4);
    server.clock.advance(60);
    t.match(told.at(-1), { what: 'plan', plan: { speaksInto: [ROOM_CHANNEL], whispersTo: [] } });
    client.say(10, SPEECH);
    await eventually(() => told.at(-1)?.what === 'voice' || 'not heard');
    t.same(voices().at(-1)?.plan.speaksInto, [ROOM_CHANNEL]);
  });
}

test('a whisper that ends, or only stops, leads back to the room when it has been played', async (t) => {
  for (const [isLast, beforeMs, afterMs] of [
    [true, 350, 200],
    [false, 950, 200],
  ] as const) {
    const { server, client, sessionOf, told, settled } = await setUp(t);
    define(client, 1, { sessions: [sessionOf('Bob')] });
    client.say(0, SPEECH, { target: 1, isLast });
    await settled();
    const count = told.length;
    server.clock.advance(beforeMs);
    t.equal(told.length, count, 'it may still be played');
    server.clock.advance(afterMs);
    t.same(
      told.slice(count).map(({ what }) => what),
      ['clear', 'plan'],
    );
    t.same(told.at(-1)?.plan.speaksInto, [ROOM_CHANNEL]);
  }
});

test('a shout to a group of the own channel goes to the channel of the room with that name', async (t) => {
  const { room, client, told, voices, settled } = await setUp(t);
  const ada = room.everybody.find(({ name }) => name === 'Ada')!;
  room.sound.putChannel('red', { open: true, speak: [], hear: [] });
  define(client, 1, { channelId: client.channel('lobby'), group: 'red' });
  client.say(0, SPEECH, { target: 1 });
  await settled();
  t.equal(voices().length, 0, 'who may not speak there');
  room.sound.setInChannel(ada, 'red', true);
  client.say(2, SPEECH, { target: 1 });
  await eventually(() => voices().length === 1 || 'not heard');
  t.same(told.at(-1)?.plan.speaksInto, [room.sound.channelNumber('red')]);
  t.same(voices()[0]?.plan.whispersTo, []);
});

test('a shout to the own channel is said to the room, and to linked rooms only with the right', async (t) => {
  const { server, client, voices, settled } = await setUp(t);
  define(client, 1, { channelId: client.channel('lobby'), children: true });
  define(client, 2, { channelId: client.channel('lobby'), links: true });
  client.say(0, SPEECH, { target: 1, isLast: true });
  await eventually(() => voices().length === 2 || 'not heard');
  for (const { plan } of voices()) t.same(plan.speaksInto, [ROOM_CHANNEL]);
  server.clock.advance(1000);
  client.say(4, SPEECH, { target: 2 });
  await settled();
  t.equal(voices().length, 2);
  t.match(client.of('permissionDenied'), []);
});

test('whoever is meant by name and as one of the room hears it once', async (t) => {
  const { server, client, carl, sessionOf, settled, voices, seats } = await setUp(t);
  define(client, 1, { sessions: [sessionOf('Carl')] }, { channelId: client.channel('lobby') });
  client.say(0, SPEECH, { target: 1 });
  await settled();
  t.match(voices()[0]?.plan, { speaksInto: [ROOM_CHANNEL], whispersTo: [seats[1]!.id] });
  const place = { seatId: seats[0]!.id, stream: 1, levelDbov: -20, arrivalMs: server.clock.now(), timestamp: 0 };
  server.plane.rooms[0]!.tap!.sink.voice({ ...place, payload: SPEECH });
  await eventually(() => carl.heard.length > 0 || 'not heard');
  t.same(
    carl.heard.map(({ target }) => target),
    [0],
  );
});

test('whoever is elsewhere, unknown or oneself cannot be whispered to, and nothing of it is heard', async (t) => {
  const { server, client, sessionOf, carl, dan, voices, settled } = await setUp(t);
  await dan.enter('games');
  const wrong: MessageValues<typeof WHISPER_TARGET>[] = [
    ...[{ sessions: [sessionOf('Dan')] }, { sessions: [client.session] }, { sessions: [999] }],
    ...[{ channelId: client.channel('games') }, { channelId: 0 }, { channelId: 77 }, {}],
    { channelId: client.channel('lobby'), group: 'nobody' },
  ];
  for (const [i, target] of wrong.entries()) {
    define(client, i + 1, target);
    client.say(2 * i, SPEECH, { target: i + 1 });
  }
  client.say(50, SPEECH, { target: 30 });
  await settled();
  t.equal(client.of('permissionDenied').length, wrong.length);
  t.match(client.of('permissionDenied')[0], { permission: 0x100 });
  for (const id of [0, 31, 32, 4_000_000_000]) define(client, id, { sessions: [sessionOf('Carl')] });
  client.send('voiceTarget', { id: 5, targets: [Uint8Array.of(0xff, 0xff)] });
  await settled();
  t.equal(voices().length, 0);
  t.same([carl.heard, dan.heard], [[], []]);
  server.clock.advance(1000);
  client.say(60, SPEECH);
  await eventually(() => voices().length === 1 || 'the room hears what is for it');
});

test('without whispers in the room, or after they end, nobody hears one', async (t) => {
  const { room, client, carl, sessionOf, voices, settled } = await setUp(t);
  define(client, 1, { sessions: [sessionOf('Carl')] });
  client.say(0, SPEECH, { target: 1 });
  await eventually(() => carl.heard.length === 1 || 'not heard');
  room.change({ whispers: false });
  client.say(2, SPEECH, { target: 1 });
  await settled();
  t.equal(carl.heard.length, 1);
  for (const { plan } of voices().slice(1)) t.match(plan, { speaksInto: [], whispersTo: [] });
  define(client, 2, { sessions: [sessionOf('Carl')] });
  await settled();
  t.equal(client.of('permissionDenied').length, 1);
});

test('whoever is muted by a moderator, or not wanted by the listener, is not heard whispering', async (t) => {
  const { room, client, carl, sessionOf, settled } = await setUp(t);
  const [ada, other] = ['Ada', 'Carl'].map((wanted) => room.everybody.find(({ name }) => name === wanted)!);
  define(client, 1, { sessions: [sessionOf('Carl')] });
  other!.hear(ada!.id, 0);
  client.say(0, SPEECH, { target: 1 });
  await settled();
  t.equal(carl.heard.length, 0);
  other!.hear(ada!.id, 1);
  room.moderate({ type: 'mute_participant', participantId: ada!.id, muted: true });
  client.say(2, SPEECH, { target: 1 });
  await settled();
  t.equal(carl.heard.length, 0);
});

test('a whisper goes nowhere after its talker was moved to another room', async (t) => {
  const { server, client, sessionOf, told, voices, settled } = await setUp(t);
  server.browser('Eve', 'games', GUEST);
  define(client, 1, { sessions: [sessionOf('Bob')] });
  client.say(0, SPEECH, { target: 1 });
  await settled();
  const id = server.registry.room('lobby').everybody.find(({ name }) => name === 'Ada')!.id;
  const count = voices().length;
  server.registry.move('lobby', id, 'games');
  t.equal(told.at(-1)?.what, 'clear', 'what waits is forgotten at once');
  for (let n = 1; n < 5; n++) client.say(2 * n, SPEECH, { target: 1 });
  await settled();
  server.clock.advance(500);
  client.say(10, SPEECH, { target: 1 });
  await settled();
  t.equal(voices().length, count);
  client.say(12, SPEECH);
  await eventually(() => voices().length === count + 1 || 'what is for the room is heard');
});

test('a whisper list is bounded, and an empty one is forgotten', async (t) => {
  const { client, carl, sessionOf, settled } = await setUp(t);
  const carlSession = sessionOf('Carl');
  define(client, 1, { sessions: Array.from({ length: 17 }, () => carlSession) });
  await settled();
  t.equal(client.of('permissionDenied').length, 1, 'too many');
  define(client, 1, { sessions: [carlSession] });
  define(client, 1);
  client.say(0, SPEECH, { target: 1 });
  await settled();
  t.equal(client.of('permissionDenied').length, 1);
  t.equal(carl.heard.length, 0);
});

test('a target that means nobody any more is not looked up with each packet, and names no crowd', async (t) => {
  const { server, room, client, sessionOf, settled } = await setUp(t);
  const { sound } = room;
  const { talkTo } = sound;
  let lookUps = 0;
  sound.talkTo = (...args) => {
    lookUps++;
    talkTo.apply(sound, args);
  };
  // The room is linked to none, so each attempt fails.
  define(client, 1, { channelId: client.channel('lobby'), links: true });
  const say = async (count: number) => {
    for (let n = 0; n < count; n++) client.say(2 * n, SPEECH, { target: 1 });
    await settled();
  };
  await say(200);
  t.equal(lookUps, 20);
  server.clock.advance(100);
  await say(10);
  t.equal(lookUps, 22);
  const crowd = Array.from({ length: 16 }, (_, i) => ({
    sessions: [sessionOf('Carl'), ...Array.from({ length: 100 }, (__, n) => 1000 + 100 * i + n)],
  }));
  define(client, 2, ...crowd);
  define(
    client,
    3,
    { sessions: [sessionOf('Carl')] },
    { channelId: client.channel('lobby'), group: 'x'.repeat(30_000) },
  );
  await settled();
  t.equal(client.of('permissionDenied').length, 2);
  define(client, 4, crowd[0]!);
  await settled();
  t.equal(client.of('permissionDenied').length, 2, 'those who have gone do no harm');
});
