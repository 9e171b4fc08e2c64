import { test } from 'tap';
import { createHeartbeatMemory, Heartbeat } from '../../../src/media/link/heartbeat.ts';
import type { AddMember, MediaCommand, MediaEvent } from '../../../src/media/link/messages.ts';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { MediaEngine } from '../../../src/media/worker/engine.ts';
import { writeBindingRequest } from '../../../src/rtc/ice/stun-writer.ts';
import type { MediaPort } from '../../../src/rtc/net/media-port.ts';
import type { UdpSocket } from '../../../src/rtc/net/udp-port.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';
import { simulatedPort } from '../../helpers/simulated-port.ts';

const MIX = { maxTalkers: 8, levelling: false };
const STATE = { muted: false, deafened: false, hearing: [] };
const OPEN_ROOM = 1;
const NO_ROOM = 9;
const OPUS = 111;
const ADDRESS = { protocol: 'udp', family: 4, address: '10.0.0.9', port: 40_000 } as const;
const SEED = 61;
/** While somebody records, a worker does not rest. */
const RECORD: MediaCommand = { type: 'set_room_tap', roomId: OPEN_ROOM, tap: { voices: true, mix: false } };

/** The packets of an endless tone. */
const talk = (() => {
  const encode = createFrameEncoder({ application: 'lowDelay' });
  const sound = toInt16(tone({ frequencyHz: 400, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
  const packets = Array.from({ length: 50 }, (_, n) =>
    encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)),
  );
  return (n: number): Uint8Array => packets[n % packets.length]!;
})();

function setUp() {
  const clock = new FakeClock();
  const events: MediaEvent[] = [];
  const log: string[] = [];
  const heartbeat = createHeartbeatMemory();
  const port = Object.assign(simulatedPort([ADDRESS]), {
    follow: async (hosts: readonly string[]) => hosts.map((host) => ({ host, message: 'not here' })),
    close: async () => {
      log.push('port closed');
    },
  });
  const engine = new MediaEngine({
    port: port as unknown as MediaPort,
    clock,
    emit: (event) => events.push(event),
    loadMeter: { measure: () => ({ runningShare: 0, waitingShare: 0 }), close: () => log.push('meter closed') },
    heartbeat: new Heartbeat(heartbeat, clock.now()),
    random: () => 0.5,
  });
  engine.handle({ type: 'open_room', roomId: OPEN_ROOM, mix: MIX });
  const ofType = <T extends MediaEvent['type']>(type: T) =>
    events.filter((event): event is MediaEvent & { type: T } => event.type === type);
  const nextGauges = () => {
    clock.advance(1000);
    return ofType('stats').at(-1)!.stats.gauges;
  };
  return {
    engine,
    events,
    clock,
    port,
    log,
    ofType,
    /** Waits for the next stats of the engine. */
    members: () => nextGauges().connections,
    rooms: () => nextGauges().rooms,
    advance: (ms: number) => clock.advance(ms),
    lastBeatMs: () => new Int32Array(heartbeat)[0],
  };
}

function addMember(memberId: number, { roomId = OPEN_ROOM, localUfrag = `ufrag${memberId}` } = {}): AddMember {
  const parameters = {
    localUfrag,
    localPassword: 'secret',
    remoteUfrag: 'peer',
    localSsrc: memberId,
    cname: 'mixer',
    opusPayloadType: OPUS,
    redPayloadType: null,
    audioLevelExtensionId: null,
    direction: 'sendrecv',
  } as const;
  return { type: 'add_member', memberId, roomId, endpoint: { kind: 'webrtc', parameters }, state: STATE };
}

test('a member for a room that is not open is refused, and the worker reports it', async (t) => {
  const { engine, ofType, members } = setUp();
  engine.handle(addMember(5, { roomId: NO_ROOM }));
  t.same(ofType('member_closed'), [{ type: 'member_closed', memberId: 5, reason: 'media_failed' }]);
  t.match(ofType('failure')[0]?.message, /member 5 is for room 9, which is not open/);
  t.equal(members(), 0);
  engine.handle({ type: 'set_state', memberId: 5, state: STATE });
  engine.handle({ type: 'remove_member', memberId: 5 });
  t.equal(ofType('member_closed').length, 1, 'commands that crossed the refusal change nothing');
  engine.handle(addMember(5));
  t.equal(members(), 1, 'the next attempt may succeed');
  await engine.close();
});

test('a member whose endpoint cannot be opened is refused, and the others stay', async (t) => {
  const { engine, ofType, members } = setUp();
  engine.handle(addMember(1));
  engine.handle(addMember(2, { localUfrag: 'ufrag1' }));
  t.same(ofType('member_closed'), [{ type: 'member_closed', memberId: 2, reason: 'media_failed' }]);
  t.equal(members(), 1);
  await engine.close();
});

test('when a command fails for a member, only that member is closed', async (t) => {
  const { engine, ofType, members, advance } = setUp();
  for (const id of [1, 2, 3]) engine.handle(addMember(id));
  engine.handle({ type: 'move_member', memberId: 2, roomId: NO_ROOM, state: STATE });
  t.same(ofType('member_closed'), [{ type: 'member_closed', memberId: 2, reason: 'media_failed' }]);
  t.equal(members(), 2);
  advance(1000);
  const credentials = { localUfrag: 'ufrag1', localPassword: 'secret', remoteUfrag: 'peer' };
  engine.handle({ type: 'restart_ice', memberId: 3, credentials });
  t.match(ofType('member_closed').at(-1), { memberId: 3, reason: 'media_failed' });
  t.match(ofType('failure').at(-1)?.message, /ufrag is in use/);
  t.equal(members(), 1);
  await engine.close();
});

test('a room is open until its last member has left and faded, and may be opened again before that', async (t) => {
  const { engine, rooms, advance, ofType } = setUp();
  t.equal(rooms(), 1);
  engine.handle({ type: 'open_room', roomId: 2, mix: MIX });
  engine.handle(addMember(5, { roomId: 2 }));
  t.equal(rooms(), 2);
  engine.handle({ type: 'close_room', roomId: 2 });
  t.equal(rooms(), 2, 'somebody is still there');
  engine.handle({ type: 'open_room', roomId: 2, mix: MIX });
  engine.handle({ type: 'remove_member', memberId: 5 });
  t.equal(rooms(), 2, 'it was opened again');
  engine.handle({ type: 'close_room', roomId: 2 });
  t.equal(rooms(), 1);
  engine.handle(addMember(6, { roomId: 2 }));
  t.match(ofType('member_closed').at(-1), { memberId: 6, reason: 'media_failed' });
  advance(0);
  await engine.close();
});

test('commands for a room or a member that is gone change nothing', async (t) => {
  const { engine, events, members } = setUp();
  engine.handle(addMember(1));
  const before = members();
  const { length } = events;
  for (const roomId of [NO_ROOM]) {
    engine.handle({ type: 'close_room', roomId });
    engine.handle({ type: 'set_mix', roomId, mix: MIX });
    engine.handle({ type: 'set_space', roomId, space: null });
    engine.handle({ type: 'link_room', roomId, own: new SharedArrayBuffer(8), others: [] });
  }
  engine.handle({ type: 'set_tap', memberId: 8, tap: null });
  engine.handle({ type: 'set_direction', memberId: 8, direction: 'inactive' });
  t.equal(events.length, length);
  t.equal(members(), before);
  await engine.close();
});

test('stats come twice a second, and a sign of life with each tick', async (t) => {
  const { engine, advance, ofType, lastBeatMs } = setUp();
  engine.handle(RECORD);
  advance(10_000);
  t.equal(ofType('stats').length, 20);
  t.equal(ofType('stats').at(-1)!.stats.counters.ticks, 501, 'one of them at the very beginning');
  for (let ms = 10_000; ms < 10_200; ms += 20) {
    advance(20);
    t.equal(lastBeatMs(), ms + 20);
  }
  t.ok(engine.tickAgeMs() < 20);
  await engine.close();
});

test('a silent member is reported after seconds, and closed after half a minute, each at their own time', async (t) => {
  const { engine, clock, ofType, members } = setUp();
  const times = new Map<string, number>();
  engine.handle(RECORD);
  for (const id of [1, 2, 3, 4, 5]) engine.handle(addMember(id));
  for (let ms = 0; ms < 31_000; ms += 20) {
    clock.advance(20);
    for (const { memberId, silent } of ofType('member_silent')) {
      t.ok(silent);
      if (!times.has(`silent ${memberId}`)) times.set(`silent ${memberId}`, clock.now());
    }
    for (const { memberId, reason } of ofType('member_closed')) {
      t.equal(reason, 'silent');
      if (!times.has(`closed ${memberId}`)) times.set(`closed ${memberId}`, clock.now());
    }
  }
  const of = (what: string) => [1, 2, 3, 4, 5].map((id) => times.get(`${what} ${id}`)!);
  // Each member's turn comes every 100 ms, in another tick.
  for (const [what, afterMs] of [
    ['silent', 7000],
    ['closed', 30_000],
  ] as const) {
    t.ok(of(what).every((ms) => ms > afterMs && ms <= afterMs + 120));
    t.equal(new Set(of(what)).size, 5);
  }
  t.equal(members(), 0);
  await engine.close();
});

test('the handshake of a member is passed on with its number', async (t) => {
  const { engine, port, ofType } = setUp();
  engine.handle(addMember(3));
  const sent: Buffer[] = [];
  const socket = { protocol: 'udp', send: (datagram: Uint8Array) => sent.push(Buffer.from(datagram)) > 0 };
  const arrive = (datagram: Buffer) =>
    port.listener(datagram, { address: '10.0.0.1', port: 5000 }, socket as unknown as UdpSocket);
  arrive(
    writeBindingRequest({
      transactionId: Buffer.alloc(12, 1),
      username: 'ufrag3:peer',
      key: 'secret',
      priority: 1,
      tieBreaker: 1n,
      useCandidate: true,
    }),
  );
  const record = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 9]);
  arrive(record);
  t.match(ofType('dtls'), [{ memberId: 3, datagram: record }]);
  sent.length = 0;
  engine.handle({ type: 'send_dtls', memberId: 3, datagram: Uint8Array.of(1, 2) });
  t.same(sent, [Buffer.of(1, 2)]);
  await engine.close();
});

test('the addresses that it follows are reported with those that it could not bind', async (t) => {
  const { engine, ofType } = setUp();
  engine.handle({ type: 'follow_hosts', hosts: ['10.0.0.9', '10.0.0.10'] });
  await new Promise(setImmediate);
  t.match(ofType('addresses'), [{ addresses: [ADDRESS], unbound: [{ host: '10.0.0.9' }, { host: '10.0.0.10' }] }]);
  await engine.close();
});

test('a closed engine has closed its port and its meter, and sets no timer', async (t) => {
  const { engine, clock, log, events } = setUp();
  engine.handle(addMember(1));
  clock.advance(100);
  engine.handle({ type: 'close' });
  await new Promise(setImmediate);
  t.same(log.sort(), ['meter closed', 'port closed']);
  t.equal(clock.pendingTimers, 0);
  const { length } = events;
  clock.advance(5000);
  t.equal(events.length, length);
});

test('levels come every 120 ms while somebody speaks, and once when nobody does any more', async (t) => {
  const levels: { readonly atMs: number; readonly roomId: number; readonly speaking: readonly number[] }[] = [];
  let isTalking = true;
  const simulated: SimulatedEngine = new SimulatedEngine(SEED, {
    emit: (event) => {
      if (event.type !== 'levels') return;
      levels.push({ atMs: simulated.clock.now(), roomId: event.roomId, speaking: event.speaking });
    },
  });
  t.teardown(() => simulated.close());
  const talker = simulated.join({ payload: (n) => (isTalking ? talk(n) : null) });
  simulated.join();
  simulated.run(2);
  const speaking = levels.slice(2);
  t.ok(speaking.length > 10);
  t.ok(speaking.every(({ atMs }, i) => i === 0 || atMs - speaking[i - 1]!.atMs === 120));
  t.ok(speaking.every(({ roomId, speaking: [id, level] }) => roomId === 1 && id === talker.options.id && level! < -10));
  isTalking = false;
  simulated.run(2);
  t.same(levels.filter((one) => one.speaking.length === 0).length, 1);
  t.same(levels.at(-1)!.speaking, []);
});

test('the talker limit of a room applies from its beginning, and while it changes', async (t) => {
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  for (let i = 0; i < 5; i++) simulated.join({ payload: talk });
  simulated.run(2);
  t.match(simulated.stats!.gauges, { talkers: 5, talkersUnheard: 0 });
  simulated.engine.handle({ type: 'set_mix', roomId: 1, mix: { maxTalkers: 3, levelling: false } });
  simulated.run(2);
  t.match(simulated.stats!.gauges, { talkers: 5, talkersUnheard: 2 });
  // An overloaded engine opens rooms with its own limit.
  simulated.load = { runningShare: 1, waitingShare: 0 };
  simulated.run(8);
  t.same(simulated.overload, [1, 2, 3, 4]);
  simulated.engine.handle({ type: 'open_room', roomId: 2, mix: { maxTalkers: 0, levelling: false } });
  for (const { options } of simulated.peers)
    simulated.engine.handle({ type: 'move_member', memberId: options.id, roomId: 2, state: STATE });
  simulated.run(2);
  t.match(simulated.stats!.gauges, { rooms: 2, talkers: 5, talkersUnheard: 1 });
});

test('a room that fails does not silence another, and is reported once a second', async (t) => {
  const failures: string[] = [];
  let failed = 0;
  const simulated = new SimulatedEngine(SEED, {
    emit: (event) => {
      if (event.type === 'failure') failures.push(event.message);
      if (event.type === 'stats') failed = event.stats.counters.tickFailures;
    },
  });
  t.teardown(() => simulated.close());
  const peers = [0, 1, 2, 3].map(() => simulated.join({ payload: talk, red: false }));
  simulated.engine.handle({ type: 'open_room', roomId: 2, mix: MIX });
  for (const { options } of peers.slice(2))
    simulated.engine.handle({ type: 'move_member', memberId: options.id, roomId: 2, state: STATE });
  simulated.run(1);
  t.same(failures, []);
  const [, broken, , other] = peers;
  broken!.socket.send = (datagram) => {
    // Only the mix is sent within the tick of a room.
    if ((datagram[1]! & 0x7f) === OPUS) throw new Error('this socket is broken');
    return true;
  };
  const before = other!.received.opus;
  simulated.run(5);
  t.ok(other!.received.opus - before > 240, `${other!.received.opus - before} packets in 5 s`);
  t.ok(failures.length >= 5 && failures.length <= 6, `${failures.length} reports in 5 s`);
  t.ok(failures.every((message) => message.includes('this socket is broken')));
  t.ok(failed > 200, `${failed} failures are counted`);
});

test('a member whose housekeeping fails is closed, and all others go on', async (t) => {
  const events: MediaEvent[] = [];
  const simulated = new SimulatedEngine(SEED, { emit: (event) => events.push(event) });
  t.teardown(() => simulated.close());
  const [talker, broken, other] = [1, 2, 3].map(() => simulated.join({ payload: talk, red: false }));
  broken!.socket.send = (datagram) => {
    // Reports are sent in the housekeeping, and when it is closed.
    if (datagram[1]! >= 192 && datagram[1]! < 224) throw new Error('no reports here');
    return true;
  };
  simulated.run(8);
  const ofType = (type: MediaEvent['type']) => events.filter((event) => event.type === type);
  t.match(ofType('member_closed'), [{ memberId: broken!.options.id, reason: 'media_failed' }]);
  t.match(ofType('failure'), [{ message: /no reports here/ }]);
  const before = [talker, other].map((peer) => peer!.received.opus);
  simulated.run(1);
  for (const [i, peer] of [talker, other].entries()) t.ok(peer!.received.opus - before[i]! > 45, 'still hears');
  t.match(ofType('stats').at(-1), { stats: { gauges: { connections: 2 } } });
});

test('a room whose levels cannot be reported does not keep those of another from being', async (t) => {
  const levels: number[] = [];
  const failures: string[] = [];
  const simulated = new SimulatedEngine(SEED, {
    emit: (event) => {
      if (event.type === 'failure') failures.push(event.message);
      if (event.type !== 'levels') return;
      if (event.roomId === 1) throw new Error('levels do not fit');
      levels.push(event.roomId);
    },
  });
  t.teardown(() => simulated.close());
  const peers = [1, 2].map(() => simulated.join({ payload: talk, red: false }));
  simulated.engine.handle({ type: 'open_room', roomId: 2, mix: MIX });
  simulated.engine.handle({ type: 'move_member', memberId: peers[1]!.options.id, roomId: 2, state: STATE });
  simulated.run(2);
  t.ok(levels.length > 10);
  t.ok(failures.length >= 1 && failures.every((message) => message.includes('levels do not fit')));
});

test('each command for a room has its own effect, and no other', async (t) => {
  const { engine, members, rooms, ofType, log } = setUp();
  engine.handle(addMember(1));
  const [own, other] = [createSharedMix(0), createSharedMix(1)];
  const commands: readonly MediaCommand[] = [
    { type: 'open_room', roomId: OPEN_ROOM, mix: MIX },
    { type: 'link_room', roomId: OPEN_ROOM, own, others: [other] },
    { type: 'link_room', roomId: OPEN_ROOM, own, others: [] },
    { type: 'set_shouts', roomId: OPEN_ROOM, shouts: null },
    { type: 'set_space', roomId: OPEN_ROOM, space: null },
    { type: 'set_channel_sounds', roomId: OPEN_ROOM, sounds: new Map() },
    { type: 'set_mix', roomId: OPEN_ROOM, mix: MIX },
  ];
  for (const command of commands) {
    engine.handle(command);
    await new Promise(setImmediate);
    t.same([ofType('addresses').length, ofType('member_closed').length, log.length], [0, 0, 0], command.type);
  }
  t.same([members(), rooms(), ofType('failure').length], [1, 1, 0]);
  engine.handle({ type: 'remove_member', memberId: 1 });
  t.equal(rooms(), 1, 'it was not closed');
  engine.handle({ type: 'follow_hosts', hosts: [] });
  await new Promise(setImmediate);
  t.same([ofType('addresses').length, log.length], [1, 0], 'it goes on');
  engine.handle({ type: 'close_room', roomId: OPEN_ROOM });
  t.equal(rooms(), 0);
  await engine.close();
});
