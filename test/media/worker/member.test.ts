import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import type { Reception } from '../../../src/media/endpoint.ts';
import type { MemberState } from '../../../src/media/plane.ts';
import { RoomMember } from '../../../src/media/worker/member.ts';
import { MixedRoom } from '../../../src/media/worker/room.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeEndpoint } from '../../helpers/fake-endpoint.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

const STATE: MemberState = { muted: false, deafened: false, hearing: [] };
const MIX = { maxTalkers: 0, levelling: false };

/** Members of rooms; each one's frames have their own value. */
function setUp() {
  const clock = new FakeClock();
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const rooms = [1, 2].map((id) => new MixedRoom(id, pool, MIX)) as [MixedRoom, MixedRoom];
  const sendTime = { ms: 0 };
  const members: Member[] = [];
  const log: string[] = [];
  let tick = 0;

  class Member {
    readonly endpoint: FakeEndpoint;
    readonly member: RoomMember;
    readonly level: number;
    isTalking = false;

    constructor(id: number, room = rooms[0], state = STATE, traits: Partial<FakeEndpoint> = {}) {
      let endpoint: FakeEndpoint | undefined;
      this.member = new RoomMember({
        id,
        room,
        state,
        clock,
        sendTime,
        openEndpoint: (events) => {
          endpoint = Object.assign(new FakeEndpoint(events), traits);
          return endpoint;
        },
        events: {
          silent: (silent) => log.push(`${id} silent ${silent}`),
          sounds: () => {},
          moved: () => log.push(`${id} moved`),
          closed: (reason) => log.push(`${id} closed ${reason}`),
          reported: (direction, { lossRatio }) => log.push(`${id} ${direction} ${lossRatio}`),
        },
      });
      this.endpoint = endpoint!;
      this.level = 100 * id;
      members.push(this);
    }

    /** The value at the end of the last frame that was sent in the last tick; undefined if none was. */
    get hears(): number | undefined {
      const last = this.endpoint.sent.at(-1);
      if (last === undefined || last.nowMs < clock.now() - PTIME_MS) return undefined;
      const { payload } = last;
      if (payload === SILENCE_PACKET || payload === SILENCE_REFRESH_PACKET) return undefined;
      return codec.decode(payload).at(-1);
    }
  }

  const run = (ticks: number) => {
    for (let i = 0; i < ticks; i++) {
      for (const { isTalking, endpoint, level } of members) {
        const frame = new Int16Array(FRAME_SAMPLES).fill(level);
        if (isTalking) endpoint.say(codec.encode(frame), tick * FRAME_SAMPLES, clock.now());
      }
      for (const room of rooms) room.tick(tick, clock.now());
      tick++;
      clock.advance(PTIME_MS);
    }
  };
  const join = (id: number, ...rest: [MixedRoom?, MemberState?, Partial<FakeEndpoint>?]) => new Member(id, ...rest);
  return { clock, rooms, run, join, log, sendTime, pool };
}

test("what arrives at one member's endpoint leaves at the others', and never at their own", async (t) => {
  const { join, run, pool } = setUp();
  const [first, second, listener] = [join(1), join(2), join(3)];
  first.isTalking = true;
  second.isTalking = true;
  run(30);
  t.same([first.hears, second.hears, listener.hears], [200, 100, 300]);
  t.ok(listener.endpoint.sent.some(({ marker }) => marker));
  const { timestamp } = listener.endpoint.sent.at(-1)!;
  t.equal(timestamp, 29 * FRAME_SAMPLES);
  t.equal(pool.encodersInUse, 3);
});

test('a new stream of the same member begins afresh', async (t) => {
  const { join, run } = setUp();
  const [talker, listener] = [join(1), join(2)];
  talker.isTalking = true;
  run(30);
  talker.endpoint.events.sourceChanged();
  run(1);
  t.not(listener.hears, 100, 'the packet waits like the first one of a stream');
  run(20);
  t.equal(listener.hears, 100);
});

test('nobody hears a member who is muted or does not send, and one who is deafened or does not receive gets no mix', async (t) => {
  for (const [state, traits, isHeard, hears] of [
    [{}, {}, true, true],
    [{ muted: true }, {}, false, true],
    [{ deafened: true }, {}, true, false],
    [{}, { receives: false }, false, true],
    [{}, { sends: false }, true, false],
  ] as const) {
    const { join, run } = setUp();
    const member = join(1, undefined, { ...STATE, ...state }, traits);
    const other = join(2);
    member.isTalking = true;
    other.isTalking = true;
    run(30);
    const what = JSON.stringify({ ...state, ...traits });
    t.equal(other.hears, isHeard ? 100 : undefined, what);
    t.equal(member.hears, hears ? 200 : undefined, what);
  }
});

test('a new direction and a new state both count from the next tick on', async (t) => {
  const { join, run } = setUp();
  const [member, other] = [join(1), join(2)];
  member.isTalking = true;
  other.isTalking = true;
  run(20);
  member.endpoint.receives = false;
  member.endpoint.sends = false;
  member.endpoint.events.directionChanged();
  run(2);
  t.same([other.hears, member.hears], [undefined, undefined]);
  member.member.setState(STATE);
  run(10);
  t.same([other.hears, member.hears], [undefined, undefined], 'the direction still applies');
  member.endpoint.receives = true;
  member.endpoint.sends = true;
  member.member.setState({ ...STATE, muted: true });
  run(20);
  t.same([other.hears, member.hears], [undefined, 200]);
  member.endpoint.events.directionChanged();
  run(20);
  t.equal(other.hears, undefined, 'the state still applies');
  member.member.setState({ ...STATE, deafened: true });
  run(20);
  t.same([other.hears, member.hears], [100, undefined]);
});

test('gains are for the members that they name, and plans lead voices to channels and single members', async (t) => {
  const { join, run } = setUp();
  const gained = { ...STATE, hearing: [{ seatId: 2, gain: 0.5 }] };
  const red = { ...STATE, plan: { speaksInto: [0], whispersTo: [], hears: [0, 3] } };
  const [listener, first, second, team] = [join(1, undefined, gained), join(2), join(4), join(8, undefined, red)];
  first.isTalking = true;
  second.isTalking = true;
  run(30);
  t.same([listener.hears, team.hears], [500, 600]);
  listener.member.setState({ ...STATE, hearing: [{ seatId: 4, gain: 0 }] });
  first.member.setState({ ...STATE, plan: { speaksInto: [3], whispersTo: [4], hears: [0] } });
  run(30);
  t.same([listener.hears, team.hears, second.hears], [undefined, 600, 200]);
  team.member.setState(STATE);
  run(30);
  t.equal(team.hears, 400);
});

test('a member who moves keeps the endpoint, and hears and is heard in the other room only', async (t) => {
  const { join, run, rooms } = setUp();
  const [member, before, after] = [join(1), join(2), join(4, rooms[1])];
  for (const one of [member, before, after]) one.isTalking = true;
  run(20);
  t.same([member.hears, before.hears, after.hears], [200, 100, undefined]);
  const muted = { ...STATE, muted: true };
  member.member.moveTo(rooms[1], muted);
  run(20);
  t.same([member.hears, before.hears, after.hears], [400, undefined, undefined]);
  member.member.setState(STATE);
  run(20);
  t.equal(after.hears, 100);
  t.notOk(rooms[0].over);
  t.same(member.endpoint.closed, []);
  const { sent } = member.endpoint;
  t.ok(sent.every(({ timestamp }, i) => i === 0 || timestamp >= sent[i - 1]!.timestamp));
});

test('the time spent sending is added up, and packets carry the time at which they are sent', async (t) => {
  const { join, run, clock, sendTime } = setUp();
  const [talker, listener] = [join(1), join(2)];
  listener.endpoint.onSend = () => clock.advance(3);
  talker.isTalking = true;
  run(10);
  t.equal(sendTime.ms, 3 * listener.endpoint.sent.length);
  t.ok(listener.endpoint.sent.length >= 10);
  t.ok(listener.endpoint.sent.every(({ nowMs }, i, sent) => i === 0 || nowMs > sent[i - 1]!.nowMs));
});

test('reports count once per housekeeping, and only new ones', async (t) => {
  const { join, log } = setUp();
  const { endpoint, member } = join(1);
  const reception = (lossRatio: number): Reception => ({ lossRatio, jitterMs: 1 });
  member.housekeeping(10, 20);
  t.same(endpoint.housekept, [[10, 20]]);
  t.same(log, []);
  endpoint.network = { incoming: reception(0.1), outgoing: null, roundTripMs: null };
  t.equal(member.network, endpoint.network);
  member.housekeeping(110, 120);
  member.housekeeping(210, 220);
  t.same(log.splice(0), ['1 incoming 0.1']);
  endpoint.network = { ...endpoint.network, outgoing: reception(0.2) };
  member.housekeeping(310, 320);
  t.same(log.splice(0), ['1 outgoing 0.2']);
  endpoint.network = { incoming: reception(0.3), outgoing: reception(0.4), roundTripMs: null };
  member.housekeeping(410, 420);
  t.same(log.splice(0), ['1 incoming 0.3', '1 outgoing 0.4']);
  member.close();
  endpoint.network = { incoming: reception(0.5), outgoing: reception(0.6), roundTripMs: null };
  member.housekeeping(510, 520);
  t.same(log, [], 'nobody is interested any more');
});

test('reports of the endpoint reach the code that opened the member', async (t) => {
  const { join, log } = setUp();
  const { events } = join(5).endpoint;
  events.silent(true);
  events.silent(false);
  events.moved();
  events.closed('silent');
  t.same(log, ['5 silent true', '5 silent false', '5 moved', '5 closed silent']);
});

test('a tap delivers ten times a second, when another one replaces it, and at the end', async (t) => {
  const { join } = setUp();
  const { endpoint, member } = join(1);
  const flushes: string[] = [];
  const tapOf = (name: string) => ({ received: () => {}, sent: () => {}, flush: () => flushes.push(name) });
  const [first, second] = [tapOf('first'), tapOf('second')];
  member.setTap(first);
  t.equal(endpoint.tap, first);
  t.same(flushes, []);
  member.housekeeping(0, 0);
  t.same(flushes.splice(0), ['first']);
  member.setTap(second);
  t.equal(endpoint.tap, second);
  t.same(flushes.splice(0), ['first']);
  member.close();
  t.same(flushes.splice(0), ['second']);
  t.equal(endpoint.tap, null);
  member.housekeeping(100, 100);
  t.same(flushes, []);
});

test('a closed member is silent at once, and leaves the room to the others', async (t) => {
  const { join, run, clock, rooms } = setUp();
  const [member, other] = [join(1), join(2)];
  member.isTalking = true;
  other.isTalking = true;
  run(20);
  const { length } = member.endpoint.sent;
  member.isTalking = false;
  member.member.close();
  t.same(member.endpoint.closed, [[clock.now(), clock.wallNow()]]);
  run(3);
  t.equal(member.endpoint.sent.length, length);
  t.equal(other.hears, undefined);
  other.isTalking = false;
  other.member.close();
  rooms[0].startClosing();
  run(2);
  t.ok(rooms[0].over);
});

test('a member who moved and left at once is sent nothing more by the room they came from', async (t) => {
  const { join, run, rooms } = setUp();
  const [member, other] = [join(1), join(2)];
  other.isTalking = true;
  run(20);
  member.member.moveTo(rooms[1], STATE);
  member.member.close();
  const { length } = member.endpoint.sent;
  run(2);
  t.equal(member.endpoint.sent.length, length);
});

test('what a member who moves was saying and hearing fades in the old room, and nothing is left there', async (t) => {
  const { rooms, run, join } = setUp();
  const [moving, listener, talker] = [join(1), join(2), join(3)];
  moving.isTalking = true;
  talker.isTalking = true;
  run(20);
  t.equal(listener.hears, 400);
  const sent = moving.endpoint.sent.length;
  moving.member.moveTo(rooms[1], STATE);
  run(1);
  t.equal(listener.hears, 300, 'the voice has faded at the end of the next tick');
  t.equal(moving.hears, 0, 'and so has what the member heard');
  t.equal(moving.endpoint.sent.length, sent + 1, 'one packet, of the old room');
  moving.isTalking = false;
  talker.isTalking = false;
  run(30);
  listener.member.close();
  talker.member.close();
  run(3);
  t.ok(rooms[0].mixer.deserted);
});
