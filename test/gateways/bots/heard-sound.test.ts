import { test } from 'tap';
import { HeardSound, type HeardSoundOptions } from '../../../src/gateways/bots/heard-sound.ts';
import type { BotAnswer } from '../../../src/protocol/bot-answers.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { readFrame } from '../../../web/sdk/bot/frame.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

function setUp(options: Partial<HeardSoundOptions> = {}) {
  const { registry, plane, clock } = openRegistry();
  const told: BotAnswer[] = [];
  const frames: NonNullable<ReturnType<typeof readFrame>>[] = [];
  let decoders = 0;
  const join = (name: string, room = 'lobby') => {
    const listener = new RecordingListener();
    const { participant } = registry.join({
      room,
      name,
      admission: GUEST,
      listener,
      state: { muted: false, deafened: false },
    });
    sit(participant, name);
    return { participant, listener };
  };
  const ada = join('Ada');
  const own = join('Bot');
  const sound = new HeardSound({
    what: 'speakers',
    kind: 'opus',
    clock,
    codec: {
      createEncoder: () => ({ encode: () => payloadOf(0) }),
      createDecoder: () => {
        decoders++;
        return { decode: (packet) => (packet[1] === 99 ? undefined : new Int16Array(960).fill(packet[1]!)) };
      },
    },
    tell: (answer) => told.push(answer),
    send: (frame) => frames.push(readFrame(Uint8Array.from(frame).buffer)!),
    ...options,
  });
  const room = registry.room('lobby');
  const say = (n: number, from = ada, payload = payloadOf(n)) =>
    plane.rooms[0]!.tap!.sink.voice({
      seatId: from.participant.seat!.id,
      stream: 1,
      arrivalMs: clock.now(),
      timestamp: n * 960,
      levelDbov: null,
      payload,
    });
  return { registry, plane, clock, told, frames, sound, room, join, ada, own, say, decoders: () => decoders };
}

test('each speaker has a number, which is told first, and frames with times', (t) => {
  const { clock, told, frames, sound, room, join, ada, own, say, plane } = setUp();
  sound.enter(room, own.participant.id);
  t.same(plane.rooms[0]!.tap!.request, { voices: true, mix: false });
  t.match(ada.listener.take('recording'), [{ recording: { tracks: 'participants', programs: 1 } }]);
  const ben = join('Ben');
  clock.advance(1000);
  say(1, own);
  t.same(told, [], 'not the bot itself');
  for (const n of [1, 2, 5]) say(n);
  say(7, ben);
  const { id } = ada.participant;
  t.match(told, [
    { type: 'speaker', speaker: 1, participantId: id, identity: null, name: 'Ada' },
    { type: 'speaker', speaker: 2, name: 'Ben' },
  ]);
  clock.advance(300);
  t.same(
    frames.map(({ speaker, sequence, time, starts, packet }) => [speaker, sequence, time, starts, packet![1]]),
    [
      [1, 0, 48_000, true, 1],
      [1, 1, 48_960, false, 2],
      [1, 2, 48_000 + 4 * 960, true, 5],
      [2, 0, 48_000, true, 7],
    ],
  );
  t.equal(clock.pendingTimers > 20, false);
  sound.speaking([id, own.participant.id]);
  sound.speaking([id]);
  sound.speaking([]);
  t.same(told.slice(2), [
    { type: 'speaking', speaker: 1, speaking: true, time: 62_400 },
    { type: 'speaking', speaker: 1, speaking: false, time: 62_400 },
  ]);
  t.end();
});

test('samples are decoded for each speaker, and silence is left out', (t) => {
  const { clock, frames, sound, room, own, say, ada, decoders } = setUp({ kind: 'pcm' });
  sound.enter(room, own.participant.id);
  say(1);
  say(2, ada, Uint8Array.of(0xf8));
  say(3, ada, payloadOf(99));
  say(4);
  clock.advance(400);
  t.same(
    frames.map(({ samples }) => [samples!.length, samples![0]]),
    [
      [960, 1],
      [960, 4],
    ],
  );
  t.equal(decoders(), 1);
  sound.speaking([ada.participant.id]);
  sound.speaking([]);
  say(5);
  clock.advance(400);
  t.equal(decoders(), 2, 'a decoder is kept only while somebody speaks');
  t.end();
});

test('no decoder is kept for somebody who has left while their last packets were held', (t) => {
  const { clock, sound, room, own, say, ada, decoders } = setUp({ kind: 'pcm' });
  sound.enter(room, own.participant.id);
  sound.speaking([ada.participant.id]);
  for (const n of [1, 2, 3]) say(n);
  clock.advance(250);
  say(20);
  clock.advance(400);
  t.equal(decoders(), 1, 'while they speak, there is one, also after a pause');
  say(40);
  sound.speaking([]);
  clock.advance(400);
  t.equal(decoders(), 2, 'for the last packets');
  say(60);
  clock.advance(400);
  t.equal(decoders(), 3, 'that one was not kept');
  t.end();
});

test('the mix has the time of the room', (t) => {
  const { clock, frames, sound, room, own, plane } = setUp({ what: 'mix' });
  sound.enter(room, own.participant.id);
  t.equal(plane.rooms[0]!.tap, null, 'it comes from the seat');
  clock.advance(2 ** 32 / 48 + 1000);
  const now = clock.now() * 48;
  sound.mix(payloadOf(1), (now - 960) >>> 0, true);
  sound.mix(Uint8Array.of(0xf8), now >>> 0, false);
  t.match(frames, [{ speaker: 0, sequence: 0, starts: true, time: Math.floor(now) - 960 }]);
  t.equal(frames.length, 1);
  t.end();
});

test('a bot that leaves sees nothing more, and everybody is told', (t) => {
  const { clock, told, frames, sound, room, own, plane, say, ada, registry, join } = setUp();
  sound.enter(room, own.participant.id);
  say(1);
  ada.listener.take('recording');
  join('Cid', 'elsewhere');
  sound.enter(registry.room('elsewhere'), own.participant.id);
  t.match(ada.listener.take('recording'), [{ recording: null, reason: 'stopped' }]);
  t.equal(plane.rooms[0]!.tap, null);
  clock.advance(1000);
  t.same(frames, []);
  sound.leave();
  sound.leave();
  t.equal(plane.rooms[1]!.tap, null);
  t.equal(told.length, 1);
  t.end();
});

test('who hears nothing is told nothing, and is no reason to warn', (t) => {
  const { told, sound, room, own, ada, plane } = setUp({ what: null });
  sound.enter(room, own.participant.id);
  sound.speaking([ada.participant.id]);
  t.same([told, ada.listener.take('recording'), plane.rooms[0]!.tap], [[], [], null]);
  t.end();
});
