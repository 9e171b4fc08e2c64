import pino from 'pino';
import { test } from 'tap';
import type { WebSocket } from 'ws';
import { ControlSession } from '../../../src/admin/control/control-session.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import type { ControlAnswer } from '../../../src/protocol/control.ts';
import { cases } from '../../helpers/cases.ts';
import { positionFrame } from '../../helpers/position-frame.ts';
import { createPrng } from '../../helpers/prng.ts';
import { SimulatedSocket } from '../../helpers/simulated-server.ts';
import { spaceRoom } from '../../helpers/space-room.ts';

function setUp() {
  const world = spaceRoom();
  const { room, clock } = world;
  const connect = () => {
    const heard: ControlAnswer[] = [];
    let closed = false;
    const socket = new SimulatedSocket(
      (text) => void heard.push(JSON.parse(text) as ControlAnswer),
      () => {
        closed = true;
      },
    );
    const log = pino({ level: 'silent' });
    new ControlSession({
      socket: socket as unknown as WebSocket,
      room,
      clock,
      log,
      limitCounts: new LimitCounts(),
      onClosed: () => {},
    });
    return {
      socket,
      heard,
      isClosed: () => closed,
      say: (message: unknown) => socket.say(JSON.stringify(message)),
      /** What was answered since the last time. */
      answers: () => heard.splice(0),
    };
  };
  return { ...world, connect };
}

test('a game server sends everything over one connection, and learns who is there', async (t) => {
  const { plane, room, join, connect, mouthOf } = setUp();
  const ada = join('ada');
  const { say, socket, answers } = connect();
  t.same(answers(), [{ type: 'ready', room: 'world', players: ['ada'] }]);
  say({ type: 'space', rules: {}, players: { ada: { range: 'shout' } }, positions: [['ada', 1, 2, 3]] });
  t.same(mouthOf(ada.seatId), [1, 2, 3]);
  say({ type: 'numbers', numbers: { ada: 7, ben: 8 } });
  socket.sayBinary(positionFrame([{ number: 7, at: [4, 5, 6] }]));
  t.same(mouthOf(ada.seatId), [4, 5, 6]);
  say({ type: 'channels', channels: { red: { speak: ['ada'], hear: ['ada', 'ben'], effect: 'radio' }, blue: {} } });
  say({ type: 'channels', channels: { blue: null } });
  t.same(
    room.sound.channels.map(({ name, hear }) => [name, ...hear]),
    [['red', 'ada', 'ben']],
  );
  t.same(plane.rooms[0]?.channelSounds.get(1), { gain: 1, effect: 'radio', strength: 1, pan: 0, duckDb: 0 });
  say({ type: 'strengths', strengths: { red: { ada: 0.25, ben: 0.5 } } });
  say({ type: 'strengths', strengths: { red: { ben: null } } });
  t.same(plane.rooms[0]?.channelSounds.get(1)?.strengths, new Map([[ada.seatId, 0.25]]));
  t.same([...room.sound.channel('red').strengths], [['ada', 0.25]]);
  say({ type: 'links', links: ['annex'] });
  t.same(room.links, ['annex']);
  say({ type: 'ping', id: 3 });
  t.same(answers(), [{ type: 'pong', id: 3 }], 'nothing was wrong');
});

test('no part of a wrong message is applied, and the error names the entry', async (t) => {
  const { room, join, connect, mouthOf } = setUp();
  const ada = join('ada');
  const { say, socket, answers } = connect();
  const wrong = (message: unknown) => {
    answers();
    if (Buffer.isBuffer(message)) socket.sayBinary(message);
    else say(message);
    const [answer] = answers();
    return answer?.type === 'error' ? `${answer.code} ${answer.message}` : 'accepted';
  };
  t.match(wrong({ type: 'space', positions: [['ada', 1, 2, 3]] }), /^no_space/);
  t.match(wrong(positionFrame([])), /^no_space/);
  say({ type: 'space', rules: {}, positions: [['ada', 1, 2, 3]] });
  say({ type: 'numbers', numbers: { ada: 1, ben: 2 } });
  for (const [message, expected] of [
    ['x', /^invalid_request/],
    [{ type: 'dance' }, /^invalid_request .*"type"/],
    [
      {
        type: 'space',
        positions: [
          ['ada', 9, 9, 9],
          ['ben', 'x', 0, 0],
        ],
      },
      /"positions.1/,
    ],
    [{ type: 'space', positions: [['ada', 9, 9, 9]], players: { ben: { range: 'scream' } } }, /"players.ben.range"/],
    [{ type: 'space', positions: [['ada', 9, 9, 9]], pairs: [['ada', 'ben', 7]] }, /"pairs.0/],
    [{ type: 'space', rules: { positions: 'anybody' } }, /"rules.positions"/],
    [{ type: 'numbers', numbers: { cy: 70_000 } }, /"numbers.cy"/],
    [{ type: 'numbers', numbers: { cy: 1 } }, /"numbers.cy": "ada" already has the number 1/],
    [{ type: 'numbers', numbers: { cy: 5, dee: 5 } }, /"numbers.dee": two players cannot have the number 5/],
    [{ type: 'channels', channels: { red: {}, 'not one': {} } }, /^invalid_channel .*"channels.not one"/],
    [{ type: 'channels', channels: { red: { speak: [''] } } }, /"channels.red.speak.0"/],
    [
      { type: 'channels', channels: Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`c${n}`, {}])) },
      /^too_many_channels/,
    ],
    [
      { type: 'channels', channels: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`c${n}`, {}])) },
      /at most 128/,
    ],
    [{ type: 'strengths', strengths: { red: { ada: 1.5 } } }, /"strengths.red.ada"/],
    [{ type: 'strengths', strengths: { none: { ada: 0.5 } } }, /^unknown_channel .*"strengths.none"/],
    [
      { type: 'strengths', strengths: { red: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, 0])) } },
      /at most 1000/,
    ],
    [{ type: 'subscribe', audibleHz: 1000 }, /"audibleHz"/],
    [{ type: 'ping', loud: true }, /loud/],
    [
      positionFrame([
        { number: 1, at: [9, 9, 9] },
        { number: 5, at: [9, 9, 9] },
      ]),
      /"positions.1".*number 5/,
    ],
    [
      positionFrame([
        { number: 1, at: [9, 9, 9] },
        { number: 2, at: [9, Number.NaN, 9] },
      ]),
      /"positions.1"/,
    ],
  ] as const) {
    t.match(wrong(message), expected);
  }
  socket.say('{');
  t.match(answers(), [{ code: 'malformed_message' }]);
  t.same(mouthOf(ada.seatId), [1, 2, 3]);
  t.same(room.sound.channels, []);
  t.equal(socket.readyState, 1, 'and the connection stays');
});

test('a frame that is older than the last one is ignored', async (t) => {
  const { join, connect, mouthOf } = setUp();
  const ada = join('ada');
  const { say, socket } = connect();
  say({ type: 'space', rules: {} });
  say({ type: 'numbers', numbers: { ada: 1 } });
  const place = (x: number, timeMs: number) => {
    socket.sayBinary(positionFrame([{ number: 1, at: [x, 0, 0] }], timeMs));
    return mouthOf(ada.seatId)![0];
  };
  t.equal(place(1, 1000), 1);
  t.equal(place(2, 990), 1);
  t.equal(place(3, 1010), 3);
  t.equal(place(4, 0), 4, 'without a time every frame counts');
  t.equal(place(5, 2 ** 32 - 5), 5);
  t.equal(place(6, 20), 6, 'the time has started again from 0');
});

test('a hundred thousand random frames neither crash the connection nor move anybody', async (t) => {
  const seed = Number(process.env['SEED'] ?? 3142);
  t.comment(`SEED=${seed}`);
  const prng = createPrng(seed);
  const { join, connect, mouthOf, clock } = setUp();
  const [ada, ben] = [join('ada'), join('ben')];
  const { say, socket, answers } = connect();
  say({
    type: 'space',
    rules: {},
    positions: [
      ['ada', 1, 2, 3],
      ['ben', 4, 5, 6],
    ],
  });
  say({ type: 'numbers', numbers: { ada: 40_000, ben: 50_000 } });
  answers();
  const noise = Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(256 * prng())));
  const random = (length: number) => {
    const at = Math.floor((noise.length - length) * prng());
    return Buffer.from(noise.subarray(at, at + length));
  };
  const kinds = [
    () => random(Math.floor(64 * prng())),
    // Everything is right except what the entries say.
    () => {
      const frame = positionFrame(
        Array.from({ length: 1 + Math.floor(4 * prng()) }, () => ({ number: 0, at: [0, 0, 0] })),
      );
      random(frame.length - 8).copy(frame, 8);
      // Nobody has a number below 32768.
      frame.writeUInt16LE(Math.floor(32_768 * prng()), frame.length - 16);
      return frame;
    },
    // A good frame with some of its bytes changed, but not so that it stays good.
    () => {
      const frame = positionFrame([
        { number: 40_000, at: [9, 9, 9] },
        { number: 50_000, at: [9, 9, 9] },
      ]);
      frame.writeUInt8(Math.floor(256 * prng()), Math.floor(frame.length * prng()));
      frame.writeFloatLE(prng() < 0.5 ? Number.NaN : 1e7 + 1e37 * prng(), 36);
      return frame;
    },
    () => positionFrame([{ number: 40_000, at: [9, 9, 9] }]).subarray(0, Math.floor(24 * prng())),
    () =>
      Buffer.from(JSON.stringify({ type: 'space', positions: [['ada', 9, 9, 9]] })).map(
        (byte) => byte ^ (prng() < 0.1 ? 1 << Math.floor(8 * prng()) : 0),
      ),
  ];
  let refused = 0;
  const frames = cases(100_000);
  for (let n = 0; n < frames; n++) {
    clock.advance(9);
    socket.sayBinary(kinds[n % kinds.length]!());
    refused += answers().filter(({ type }) => type === 'error').length;
  }
  t.equal(refused, frames);
  t.same(
    [mouthOf(ada.seatId), mouthOf(ben.seatId)],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  t.equal(socket.readyState, 1);
});

test('the rate and the size of messages are bounded', async (t) => {
  const { connect, clock } = setUp();
  const one = connect();
  for (let n = 0; n < 600; n++) {
    clock.advance(10);
    one.say({ type: 'ping' });
  }
  t.equal(one.socket.readyState, 1, 'a hundred a second');
  for (let n = 0; n < 300; n++) one.say({ type: 'ping' });
  t.match(one.heard.at(-1), { type: 'error', code: 'too_many_messages' });
  t.ok(one.isClosed());
  const two = connect();
  for (let n = 0; n < 20; n++) two.socket.say(' '.repeat(250_000));
  t.match(two.heard.at(-1), { code: 'too_many_messages' });
  const many = Array.from({ length: 8 }, connect);
  t.throws(connect, { code: 'too_many_connections' });
  for (const { socket } of many) socket.drop(1000);
  clock.advance(10_000);
  t.equal(clock.pendingTimers, 0);
});

test('a game server receives what it subscribed to: speaking, levels, pairs, joins and leaves', async (t) => {
  const { plane, room, join, connect, clock } = setUp();
  const { say, answers } = connect();
  const speak = (...who: { readonly seatId: number }[]) =>
    plane.rooms[0]!.levels(who.map(({ seatId }) => ({ seatId, levelDbov: -20 })));
  const [ada, guest] = [join('ada'), join(null)];
  speak(ada);
  clock.advance(1000);
  t.equal(answers().length, 1, 'nothing but "ready" without being asked');
  say({
    type: 'space',
    rules: {},
    positions: [
      ['ada', 1, 0, 0],
      [guest.id, 2, 0, 0],
    ],
  });
  say({ type: 'subscribe', players: true, speaking: true, levelsHz: 2, audibleHz: 5 });
  const [speaking, levels, audible] = answers();
  t.same(speaking, { type: 'speaking', began: ['ada'], stopped: [] });
  t.same(levels, { type: 'levels', speaking: [['ada', -20]] });
  t.same(audible, {
    type: 'audible',
    pairs: [
      ['ada', guest.id],
      [guest.id, 'ada'],
    ],
    more: false,
  });
  clock.advance(100);
  speak(ada, guest);
  t.same(answers(), [{ type: 'speaking', began: [guest.id], stopped: [] }], 'levels are paced');
  clock.advance(100);
  t.match(answers(), [{ type: 'audible' }]);
  speak();
  t.same(answers(), [
    { type: 'speaking', began: [], stopped: ['ada', guest.id] },
    { type: 'levels', speaking: [] },
  ]);
  say({ type: 'subscribe', players: true });
  guest.participant.leave('left');
  const ben = join('ben');
  t.same(answers(), [
    { type: 'left', player: guest.id, reason: 'left' },
    { type: 'joined', player: 'ben', participantId: ben.id },
  ]);
  clock.advance(2000);
  t.same(answers(), []);
  room.close('room_closed');
  t.match(answers(), [{ code: 'room_closed' }]);
  t.equal(clock.pendingTimers, 0);
});

test('five seconds after the game server is gone, the room does what its rules say', async (t) => {
  for (const [whenGone, mode] of [
    ['keep', 'on'],
    ['mute', 'muted'],
    ['flat', 'flat'],
    [undefined, 'on'],
  ] as const) {
    const world = setUp();
    const { connect, clock } = world;
    const start = () => {
      const one = connect();
      one.say({ type: 'space', rules: { ...(whenGone !== undefined && { whenGone }) }, positions: [['ada', 1, 2, 3]] });
      return one;
    };
    const one = start();
    clock.advance(60_000);
    t.equal(world.mode(), 'on', 'it answers pings');
    one.socket.drop(1006);
    clock.advance(4999);
    t.equal(world.mode(), 'on');
    clock.advance(1);
    t.equal(world.mode(), mode, `${whenGone}`);
    const two = start();
    t.equal(world.mode(), 'on', 'another one has come');
    two.socket.vanished = true;
    clock.advance(4900);
    t.equal(world.mode(), 'on');
    clock.advance(100);
    t.equal(world.mode(), mode, 'it vanished silently');
    world.update({ positions: [['ada', 2, 2, 3]] });
    t.equal(world.mode(), 'on', 'positions by HTTP');
    const [three, four] = [start(), start()];
    three.socket.drop(1000);
    clock.advance(20_000);
    t.equal(world.mode(), 'on', 'the other one is still there');
    four.socket.drop(1000);
    start();
    clock.advance(20_000);
    t.equal(world.mode(), 'on', 'it came back in time');
  }
});
