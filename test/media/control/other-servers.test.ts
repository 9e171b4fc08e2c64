import { pino } from 'pino';
import { type Test, test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import type { LinkRoute, MediaHost, MediaHostEvents } from '../../../src/media/control/host.ts';
import { openMediaPlane } from '../../../src/media/control/media-plane.ts';
import type { AddMember, MediaCommand } from '../../../src/media/link/messages.ts';
import type { MediaRoom, MemberState, SeatOptions, WebRtcOffer, WebRtcSeat } from '../../../src/media/plane.ts';
import type { LinkParameters } from '../../../src/rtc/link-options.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { mediaStats } from '../../helpers/fake-media-plane.ts';
import { AUDIO_OFFER } from '../../helpers/offer.ts';

const HOME = '10.0.0.1';
const REST_MS = 5 * 60_000;
const STATE: MemberState = { muted: false, deafened: false, hearing: [] };

/** A worker of this server or of another one. */
class FakeHost implements MediaHost {
  readonly addresses;
  readonly commands: MediaCommand[] = [];
  readonly events: MediaHostEvents;
  readonly route?: LinkRoute;
  isClosed = false;

  constructor(address: string, port: number, events: MediaHostEvents, isOther: boolean) {
    this.addresses = [{ protocol: 'udp', family: 4, address, port } as const];
    this.events = events;
    if (isOther) this.route = { here: HOME, there: address, port };
  }

  tickAgeMs(): number {
    return 5;
  }

  post(command: MediaCommand): void {
    this.commands.push(command);
  }

  acceptTcp(): never {
    throw new Error('there is no TCP here');
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  reportLoad(utilization: number): void {
    const stats = mediaStats();
    this.events.event({ type: 'stats', stats: { ...stats, gauges: { ...stats.gauges, utilization } } });
  }

  types(): string[] {
    return this.commands.map(({ type }) => type);
  }

  get members(): AddMember[] {
    const removed = this.commands.flatMap((command) => (command.type === 'remove_member' ? command.memberId : []));
    return this.commands.filter(
      (command): command is AddMember => command.type === 'add_member' && !removed.includes(command.memberId),
    );
  }

  get links(): { readonly id: number; readonly kind: string | undefined; readonly parameters: LinkParameters }[] {
    return this.members.flatMap(({ endpoint, kind, memberId: id }) =>
      endpoint.kind === 'link' ? { id, kind, parameters: endpoint.parameters } : [],
    );
  }

  get isOpen(): boolean {
    const types = this.commands.map(({ type }) => type);
    return types.lastIndexOf('open_room') > types.lastIndexOf('close_room');
  }
}

const never = async (): Promise<never> => {
  throw new Error('the test has connections of its own');
};

async function setUp(t: Test, { workers = 1, spanServersLoad = 0.5 } = {}) {
  const clock = new FakeClock();
  const local: FakeHost[] = [];
  const others = new Map<string, FakeHost>();
  const unreachable = new Set<string>();
  const plane = await openMediaPlane(
    {
      workers,
      hosts: [HOME],
      port: 40_000,
      tcp: false,
      announce: [],
      hideLoopback: false,
      spanLoad: 0.9,
      others: { spanLoad: spanServersLoad, open: never },
      mix: { maxTalkers: 8, levelling: false },
      sdpLimits: { maxBytes: 16_384, maxLines: 300 },
      workerEntry: new URL('file:///none'),
      clock,
      log: pino({ level: 'silent' }),
    },
    async ({ events }, index) => {
      local[index] = new FakeHost(HOME, 40_000 + index, events, false);
      return local[index];
    },
    async (server, events) => {
      if (unreachable.has(server)) throw new Error('it does not answer');
      const host = new FakeHost(`10.0.0.${server.slice(1)}`, 41_000, events, true);
      others.set(server, host);
      return host;
    },
  );
  t.teardown(() => plane.close());
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  };
  const follow = async (...names: string[]): Promise<void> => {
    plane.followServers(names);
    await settle();
  };
  const room = plane.openRoom({ levels: () => {} });
  room.setPlain(true);
  return { plane, clock, local, others, unreachable, settle, follow, room };
}

type ConnectOptions = Pick<WebRtcOffer, 'isRemote'> & Pick<SeatOptions, 'staysHere'>;

/** The address that somebody is sent to, and what becomes of them. */
function connect(room: MediaRoom, { isRemote = false, ...options } = {} as ConnectOptions) {
  const closed: string[] = [];
  const events = { connected: () => {}, silent: () => {}, closed: (reason: string) => closed.push(reason) };
  try {
    const seat: WebRtcSeat = room.connectWebRtc(
      { sdp: AUDIO_OFFER, address: '', isRemote },
      { state: STATE, ...options, events },
    );
    return { seat, closed, at: /udp \d+ (\S+) \d+ typ host/i.exec(seat.answer)?.[1] };
  } catch (error) {
    return { seat: undefined, closed, at: toAppError(error).code };
  }
}

test('newcomers go to another server while this one is busy, and the room is linked there', async (t) => {
  const { local, others, follow, room } = await setUp(t);
  await follow('n2');
  t.equal(connect(room).at, HOME, 'this server is not busy');
  t.equal(room.isSpread, false);
  local[0]!.reportLoad(0.7);
  t.equal(connect(room).at, '10.0.0.2');
  t.equal(room.isSpread, true);
  t.equal(connect(room).at, '10.0.0.2');
  t.equal(connect(room, { staysHere: true }).at, HOME, 'who has not reached it');
  const n2 = others.get('n2')!;
  t.same(
    n2.commands.filter(({ type }) => type === 'open_room').map((command) => 'mix' in command && command.mix.maxTalkers),
    [3],
    'few of a leaf are heard',
  );
  const [atHome, second] = local[0]!.links;
  const [atLeaf] = n2.links;
  t.equal(second, undefined, 'one link for all who are there');
  t.equal(atHome?.kind, 'leaf');
  t.equal(atLeaf?.kind, 'home');
  t.same(atHome?.parameters.localKey, atLeaf?.parameters.remoteKey);
  t.same(atHome?.parameters.remoteKey, atLeaf?.parameters.localKey);
  t.notSame(atHome?.parameters.localKey, atHome?.parameters.remoteKey);
  t.equal(atHome?.parameters.localSsrc, atLeaf?.parameters.remoteSsrc);
  t.equal(atHome?.parameters.remoteSsrc, atLeaf?.parameters.localSsrc);
  t.same([atHome?.parameters.from, atHome?.parameters.to], [HOME, { address: '10.0.0.2', port: 41_000 }]);
  t.same([atLeaf?.parameters.from, atLeaf?.parameters.to], ['10.0.0.2', { address: HOME, port: 40_000 }]);
  t.notOk(n2.types().includes('link_room'), 'memory is shared only at one server');
});

test('a room whose participants do not all hear the same stays at one server', async (t) => {
  const { clock, plane, local, follow, room, settle } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  t.equal(away.at, '10.0.0.2');
  room.setPlain(false);
  t.same(away.closed, [], 'not at once');
  await settle();
  t.same(away.closed, ['media_failed'], 'who is elsewhere connects again');
  t.equal(room.isSpread, false);
  t.equal(connect(room).at, HOME);
  room.setPlain(true);
  clock.advance(REST_MS - 1);
  t.equal(connect(room).at, HOME, 'so that nobody is sent to and fro');
  clock.advance(1);
  t.equal(connect(room).at, '10.0.0.2');
  for (const special of [
    () => room.setChannelSounds(new Map([[1, { pan: 1, duckDb: 0, strengthDb: 0 } as never]])),
    () => room.setShouts({ channel: 1, rooms: [] }),
    () => room.setTap({ request: { voices: true, mix: true }, sink: { voice: () => {}, mix: () => {} } }),
  ]) {
    const before = connect(room);
    t.equal(before.at, '10.0.0.2');
    special();
    await settle();
    t.same(before.closed, ['media_failed']);
    t.equal(connect(room).at, HOME);
    room.setChannelSounds(new Map());
    room.setShouts(null);
    room.setTap(null);
    clock.advance(REST_MS);
  }
  const other = plane.openRoom({ levels: () => {} });
  other.setPlain(true);
  const mover = connect(room);
  t.equal(mover.at, '10.0.0.2');
  other.adopt(mover.seat!, STATE);
  await settle();
  t.same(mover.closed, [], 'who moves to such a room stays there');
  const personal = plane.openRoom({ levels: () => {} });
  personal.adopt(mover.seat!, STATE);
  t.same(mover.closed, []);
  await settle();
  t.same(mover.closed, ['media_failed'], 'who moves to another one connects again');
  room.setTap({ request: { voices: false, mix: true }, sink: { voice: () => {}, mix: () => {} } });
  t.equal(connect(room).at, '10.0.0.2', 'a mix has everybody');
  room.connectRelayed({
    state: STATE,
    speaks: true,
    listens: false,
    sink: { mix: () => {} },
    events: { connected: () => {}, silent: () => {}, closed: () => {} },
  });
  t.equal(local[0]!.members.at(-1)?.endpoint.kind, 'relayed', 'what comes through this server stays here');
});

test('when all have left another server, the link is closed, and also the part here if nobody is in it', async (t) => {
  const { local, others, follow, room } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  const n2 = others.get('n2')!;
  t.ok(local[0]!.isOpen, 'the hub');
  t.equal(local[0]!.links.length, 1);
  local[0]!.reportLoad(0.1);
  const here = connect(room);
  t.equal(here.at, HOME);
  here.seat?.close();
  t.ok(local[0]!.isOpen, 'the hub stays while somebody is elsewhere');
  away.seat?.close();
  t.equal(local[0]!.links.length + n2.links.length, 0);
  t.notOk(local[0]!.isOpen);
  t.notOk(n2.isOpen);
});

test('when a link is lost, its people connect again, and the server is left out for some minutes', async (t) => {
  const { clock, local, others, follow, room } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  const n2 = others.get('n2')!;
  n2.events.event({ type: 'member_closed', memberId: n2.links[0]!.id, reason: 'silent' });
  t.same(away.closed, ['media_failed']);
  t.equal(local[0]!.links.length + n2.links.length, 0);
  t.equal(connect(room).at, HOME);
  clock.advance(5 * 60_000 - 1);
  t.equal(connect(room).at, HOME);
  clock.advance(1);
  t.equal(connect(room).at, '10.0.0.2');
});

test('another server dies: its people connect again, and nobody else notices', async (t) => {
  const { local, others, follow, room } = await setUp(t);
  await follow('n2', 'n3');
  const here = connect(room);
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  const [dead, other] = away.at === '10.0.0.2' ? ['n2', '10.0.0.3'] : ['n3', '10.0.0.2'];
  others.get(dead)!.events.died('the connection is gone');
  t.same(away.closed, ['media_failed']);
  t.same(here.closed, []);
  t.equal(local[0]!.links.length, 0);
  t.equal(connect(room).at, other);
});

test('a server that the cluster no longer knows gets nobody else, and keeps who is there while its connection lasts', async (t) => {
  const { local, others, follow, room, settle } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  await follow();
  await settle();
  t.same(away.closed, [], 'the engine may have forgotten it');
  t.equal(connect(room).at, HOME);
  await follow('n2');
  t.equal(connect(room).at, '10.0.0.2', 'it is there again');
  await follow();
  others.get('n2')!.events.died('the connection is gone');
  t.same(away.closed, ['media_failed']);
  t.equal(local[0]!.links.length, 0);
  await follow();
  t.equal(connect(room).at, HOME);
});

test('a server that the cluster no longer knows is left when nobody is there', async (t) => {
  const { local, others, follow, room, settle } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  await follow();
  away.seat?.close();
  t.notOk(others.get('n2')!.isClosed);
  await follow();
  await settle();
  t.ok(others.get('n2')!.isClosed);
});

test('a server whose connection breaks again and again gets nobody for a while', async (t) => {
  const { clock, local, others, follow, room, settle } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  for (let i = 0; i < 5; i++) {
    others.get('n2')!.events.died('planted');
    clock.advance(5000);
    await settle();
  }
  t.equal(connect(room).at, HOME);
  clock.advance(60_000);
  t.equal(connect(room).at, '10.0.0.2');
});

test('whoever was moved at a server that dies and is forgotten connects again, too', async (t) => {
  const { plane, local, others, follow, room } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const moved = connect(room);
  const next = plane.openRoom({ levels: () => {} });
  next.setPlain(true);
  next.adopt(moved.seat!, STATE);
  t.same([next.isSpread, room.isSpread], [true, false]);
  others.get('n2')!.events.died('the connection is gone');
  await follow();
  t.same(moved.closed, ['media_failed']);
});

test('the worker here that holds the links dies: all connect again', async (t) => {
  const { local, follow, room } = await setUp(t);
  await follow('n2');
  local[0]!.reportLoad(0.7);
  const away = connect(room);
  local[0]!.events.died('planted');
  t.same(away.closed, ['media_failed']);
});

test('nobody is refused because another server cannot be reached', async (t) => {
  const { local, unreachable, follow, room } = await setUp(t);
  unreachable.add('n2');
  await follow('n2');
  local[0]!.reportLoad(0.7);
  t.equal(connect(room).at, HOME);
  unreachable.clear();
  await follow('n2');
  t.equal(connect(room).at, '10.0.0.2');
});

test('nobody is refused because another server has no address for them', async (t) => {
  const { plane, local, others, follow, room } = await setUp(t);
  await follow('n3');
  local[0]!.reportLoad(0.7);
  const n3 = others.get('n3')!;
  const addresses = [{ protocol: 'udp', family: 4, address: '127.0.0.1', port: 41_000 }] as const;
  n3.events.event({ type: 'addresses', addresses, unbound: [] });
  t.equal(connect(room).at, '127.0.0.1', 'who is at this machine');
  t.equal(connect(room, { isRemote: true }).at, HOME);
  const empty = plane.openRoom({ levels: () => {} });
  empty.setPlain(true);
  const before = n3.links.length;
  t.equal(connect(empty, { isRemote: true }).at, HOME);
  t.equal(n3.links.length, before, 'nothing is left there');
});

test('a busy server that refuses newcomers sends them to another one', async (t) => {
  const { local, follow, room } = await setUp(t);
  const stats = mediaStats();
  const refuse = () =>
    local[0]!.events.event({
      type: 'stats',
      stats: { ...stats, gauges: { ...stats.gauges, utilization: 0.99, overloadLevel: 4 } },
    });
  refuse();
  t.equal(connect(room).at, 'server_busy');
  await follow('n2');
  t.equal(connect(room).at, '10.0.0.2');
});

test('without a share of load for it, no room goes to another server', async (t) => {
  const { local, follow, room } = await setUp(t, { spanServersLoad: 1 });
  await follow('n2');
  local[0]!.reportLoad(0.99);
  t.equal(connect(room).at, HOME);
});
