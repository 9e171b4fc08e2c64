import { Socket } from 'node:net';
import { pino } from 'pino';
import { type Test, test } from 'tap';
import { ORPHANED_MS } from '../../../src/media/control/guests.ts';
import type { MediaHost, MediaHostEvents } from '../../../src/media/control/host.ts';
import { openMediaPlane } from '../../../src/media/control/media-plane.ts';
import { connectRemoteWorker } from '../../../src/media/control/remote-worker.ts';
import type { MediaCommand, MediaEvent } from '../../../src/media/link/messages.ts';
import { duplexPair } from '../../helpers/duplex-pair.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { mediaStats } from '../../helpers/fake-media-plane.ts';

const STATE = { muted: false, deafened: false, hearing: [] };
const WEBRTC = {
  kind: 'webrtc',
  parameters: {
    localUfrag: 'ours',
    localPassword: 'secret',
    remoteUfrag: 'theirs',
    localSsrc: 7,
    cname: 'mixer',
    opusPayloadType: 111,
    sentOpusPayloadType: 111,
    takesStereo: false,
    redPayloadType: null,
    audioLevelExtensionId: null,
    direction: 'sendrecv' as const,
  },
} as const;
const KEY = { key: new Uint8Array(16).fill(1), salt: new Uint8Array(12).fill(2) };
const LINK = {
  kind: 'link',
  parameters: {
    localKey: KEY,
    remoteKey: KEY,
    localSsrc: 1,
    remoteSsrc: 2,
    from: '10.0.0.2',
    to: { address: '10.0.0.1', port: 40_000 },
  },
} as const;

/** A server that has rooms, and one that lends it its worker. */
async function setUp(t: Test) {
  const clock = new FakeClock();
  const commands: MediaCommand[] = [];
  let accepted = 0;
  let events: MediaHostEvents | undefined;
  const host: MediaHost = {
    addresses: [{ protocol: 'udp', family: 4, address: '10.0.0.2', port: 41_000 }],
    tickAgeMs: () => 5,
    post: (command) => commands.push(command),
    acceptTcp: () => void accepted++,
    close: async () => {},
  };
  const plane = await openMediaPlane(
    {
      workers: 1,
      hosts: ['10.0.0.2'],
      port: 41_000,
      tcp: false,
      announce: [],
      hideLoopback: false,
      spanLoad: 0.6,
      mix: { maxTalkers: 8, levelling: false },
      sdpLimits: { maxBytes: 16_384, maxLines: 300 },
      workerEntry: new URL('file:///none'),
      clock,
      log: pino({ level: 'silent' }),
    },
    async (place) => {
      events = place.events;
      return host;
    },
  );
  const [here, there] = duplexPair();
  plane.lendWorker({ stream: there, here: '10.0.0.2', there: '10.0.0.1' });
  const told: MediaEvent[] = [];
  const died: string[] = [];
  const worker = await connectRemoteWorker({
    stream: here,
    here: '10.0.0.1',
    there: '10.0.0.2',
    clock,
    events: { event: (event) => told.push(event), died: (reason) => died.push(reason) },
  });
  t.teardown(async () => {
    await worker.close();
    await plane.close();
  });
  const settle = async () => {
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const post = async (...all: MediaCommand[]) => {
    for (const command of all) worker.post(command);
    await settle();
  };
  const say = async (event: MediaEvent) => {
    events?.event(event);
    await settle();
  };
  return {
    clock,
    plane,
    worker,
    here,
    there,
    commands,
    told,
    died,
    post,
    say,
    settle,
    accepted: () => accepted,
    die: () => events?.died('planted'),
  };
}

function addMember(memberId: number, endpoint: typeof WEBRTC | typeof LINK = WEBRTC, state = STATE): MediaCommand {
  return {
    type: 'add_member',
    memberId,
    roomId: 5,
    endpoint,
    state,
    kind: endpoint.kind === 'link' ? 'home' : 'voice',
  };
}

const OPEN: MediaCommand = { type: 'open_room', roomId: 5, mix: { maxTalkers: 3, levelling: false } };

test('a worker of another server says where it is, and does what it is told by numbers of its own', async (t) => {
  const { worker, commands, told, post, say } = await setUp(t);
  t.same(worker.addresses, [{ protocol: 'udp', family: 4, address: '10.0.0.2', port: 41_000 }]);
  t.same(worker.route, { here: '10.0.0.1', there: '10.0.0.2', port: 41_000 });
  await post(OPEN, addMember(8), addMember(9, LINK));
  const [open, person, link] = commands;
  t.match(open, { type: 'open_room', mix: { maxTalkers: 3, levelling: false } });
  const roomId = open?.type === 'open_room' ? open.roomId : 0;
  t.not(roomId, 5);
  t.match(person, { type: 'add_member', roomId, endpoint: WEBRTC, kind: 'voice', state: STATE });
  t.match(link, { type: 'add_member', roomId, kind: 'home' });
  t.same(link?.type === 'add_member' && link.endpoint, LINK, 'with its keys');
  const memberId = person?.type === 'add_member' ? person.memberId : 0;
  t.not(memberId, 8);
  commands.length = 0;
  const state = {
    muted: true,
    deafened: false,
    hearing: [
      { seatId: 8, gain: 0.5 },
      { seatId: 777, gain: 0 },
    ],
  };
  await post(
    { type: 'set_state', memberId: 8, state: { ...state, plan: { speaksInto: [0], whispersTo: [], hears: [0] } } },
    { type: 'set_keys', memberId: 8, keys: { profile: 'AEAD_AES_128_GCM', local: KEY, remote: KEY } },
    { type: 'send_dtls', memberId: 8, datagram: Uint8Array.of(22, 1) },
    { type: 'set_tap', memberId: 8, tap: null },
    { type: 'set_state', memberId: 1234, state: STATE },
    { type: 'remove_member', memberId: 8 },
    { type: 'close_room', roomId: 5 },
  );
  t.same(commands, [
    { type: 'set_state', memberId, state: { ...state, hearing: [{ seatId: memberId, gain: 0.5 }] } },
    { type: 'set_keys', memberId, keys: { profile: 'AEAD_AES_128_GCM', local: KEY, remote: KEY } },
    { type: 'send_dtls', memberId, datagram: Uint8Array.of(22, 1) },
    { type: 'remove_member', memberId },
    { type: 'close_room', roomId },
  ]);
  told.length = 0;
  await say({ type: 'member_silent', memberId, silent: true });
  t.same(told, [], 'nobody hears of who has gone');
});

test('what the worker says reaches the server that has the room, by its numbers', async (t) => {
  const { commands, told, post, say } = await setUp(t);
  await post(OPEN, addMember(8));
  const [open, person] = commands;
  const roomId = open?.type === 'open_room' ? open.roomId : 0;
  const memberId = person?.type === 'add_member' ? person.memberId : 0;
  told.length = 0;
  const network = { incoming: { lossRatio: 0.1, jitterMs: 3 }, outgoing: null, roundTripMs: 20 };
  await say({ type: 'dtls', memberId, datagram: Uint8Array.of(22, 254) });
  await say({ type: 'member_silent', memberId, silent: true });
  await say({ type: 'member_moved', memberId });
  await say({ type: 'levels', roomId, speaking: [memberId, -20] });
  await say({
    type: 'networks',
    networks: [
      { memberId, network },
      { memberId: 4321, network },
    ],
  });
  const stats = mediaStats();
  await say({ type: 'stats', stats: { ...stats, gauges: { ...stats.gauges, utilization: 0.4, overloadLevel: 2 } } });
  await say({ type: 'member_closed', memberId, reason: 'silent' });
  t.same(told.slice(0, 5), [
    { type: 'dtls', memberId: 8, datagram: Uint8Array.of(22, 254) },
    { type: 'member_silent', memberId: 8, silent: true },
    { type: 'member_moved', memberId: 8 },
    { type: 'levels', roomId: 5, speaking: [8, -20] },
    { type: 'networks', networks: [{ memberId: 8, network }] },
  ]);
  t.match(told[5], { type: 'stats', stats: { gauges: { utilization: 0.4, overloadLevel: 2 } } });
  t.same(told[6], { type: 'member_closed', memberId: 8, reason: 'silent' });
});

test('who cannot use UDP reaches the worker over the TCP port that it shares with the page', async (t) => {
  const { plane, post, accepted } = await setUp(t);
  const socket = new Socket();
  t.equal(plane.acceptTcp(socket, 'ours'), false);
  await post(OPEN, addMember(8), addMember(9, LINK));
  t.equal(plane.acceptTcp(socket, 'ours'), true);
  t.equal(plane.acceptTcp(socket, 'theirs'), false);
  const restart = (localUfrag: string): MediaCommand => {
    const credentials = { localUfrag, localPassword: 'secret', remoteUfrag: 'theirs' };
    return { type: 'restart_ice', memberId: 8, credentials };
  };
  await post(restart('new1'));
  t.same([plane.acceptTcp(socket, 'ours'), plane.acceptTcp(socket, 'new1')], [true, true]);
  await post(restart('new2'));
  t.same([plane.acceptTcp(socket, 'ours'), plane.acceptTcp(socket, 'new2')], [false, true]);
  t.equal(accepted(), 4);
  await post({ type: 'remove_member', memberId: 8 });
  t.equal(plane.acceptTcp(socket, 'new2'), false);
});

test('a member of a room that is not open is refused', async (t) => {
  const { commands, told, post } = await setUp(t);
  await post(addMember(8));
  t.same(commands, []);
  t.same(told.at(-1), { type: 'member_closed', memberId: 8, reason: 'media_failed' });
});

test('when the server that has the room is gone, links end at once, and people hear each other for a minute', async (t) => {
  const { clock, here, commands, post, settle } = await setUp(t);
  await post(OPEN, addMember(8), addMember(9, LINK));
  const ids = commands.flatMap((command) => (command.type === 'add_member' ? command.memberId : []));
  commands.length = 0;
  here.destroy();
  await settle();
  t.same(commands, [{ type: 'remove_member', memberId: ids[1] }]);
  commands.length = 0;
  clock.advance(ORPHANED_MS - 1);
  t.same(commands, []);
  clock.advance(1);
  t.same(commands.map(({ type }) => type).sort(), ['close_room', 'remove_member', 'remove_member']);
});

test('the worker dies, or its server: it is dead for the other one', async (t) => {
  for (const end of ['worker', 'server'] as const) {
    const { there, died, die, settle } = await setUp(t);
    if (end === 'worker') die();
    else there.destroy();
    await settle();
    t.equal(died.length, 1, end);
  }
});

test('who says something unknown is not spoken with any more', async (t) => {
  const { here, there, died, commands, post, settle } = await setUp(t);
  await post(OPEN, addMember(8));
  const before = commands.length;
  here.write('{"type":"open_room","roomId":"5"}\n');
  await settle();
  t.ok(there.destroyed);
  t.equal(died.length, 1);
  t.equal(commands.length, before, 'people are kept for a while');
  const other = await setUp(t);
  other.there.write('{"type":"levels","roomId":5,"speaking":["8"]}\n');
  await other.settle();
  t.equal(other.died.length, 1);
});

test('a server that lends no worker is an error, in time', async (t) => {
  const clock = new FakeClock();
  const [here] = duplexPair();
  const connecting = connectRemoteWorker({
    stream: here,
    here: '10.0.0.1',
    there: '10.0.0.2',
    clock,
    events: { event: () => {}, died: () => {} },
  });
  clock.advance(3000);
  await t.rejects(connecting, /lends no worker/);
  t.ok(here.destroyed);
  t.equal(clock.pendingTimers, 0);
});
