import { test } from 'tap';
import type { MemberState } from '../../../src/media/plane.ts';
import type { Direction } from '../../../src/rtc/sdp/sdp-offer.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { toInt16 } from '../../helpers/signal.ts';
import { SimulatedEngine, type SimulatedPeer } from '../../helpers/simulated-engine.ts';

const SEED = 47;

/** The packets of an endless tone, made once for all talkers. */
const TONE = (() => {
  const encode = createFrameEncoder({ dtx: false });
  return Array.from({ length: 50 }, (_, frame) =>
    encode(
      toInt16(Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => 0.3 * Math.sin((frame * FRAME_SAMPLES + i) / 9))),
    ),
  );
})();
const talks = (n: number) => TONE[n % TONE.length]!;
const packets = ({ received }: SimulatedPeer) => received.opus + received.red;

/** The number of packets each peer gets in a second. */
function listen(engine: SimulatedEngine, people: readonly SimulatedPeer[]): number[] {
  const before = people.map(packets);
  engine.run(1);
  return people.map((peer, index) => packets(peer) - before[index]!);
}

test('only receivers are sent anything, and only senders are heard', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const join = (direction: Direction) => engine.join({ red: false, direction, payload: talks });
  const [both, onlyWeSend, onlyWeReceive, neither] = (['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const).map(
    join,
  );
  const people = [both!, onlyWeSend!, onlyWeReceive!, neither!];
  engine.run(2);
  const encoded = engine.stats!.counters.framesEncoded;
  const [toBoth, toListener, toTalker, toNeither] = listen(engine, people);
  t.ok(toBoth! >= 48 && toListener! >= 48, `${toBoth} and ${toListener} packets to receivers`);
  t.same([packets(onlyWeReceive!), packets(neither!)], [0, 0], 'not one to the others');
  t.same([toTalker, toNeither], [0, 0]);
  t.equal(engine.stats!.gauges.talkers, 2, 'the one who sends both ways and the one who only sends');
  t.ok(engine.stats!.counters.framesEncoded - encoded <= 2 * 51 + 52, 'no mix is made for a peer that receives none');
  await engine.close();
});

test('a non-receiver is sent nothing before or after silence either', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const [talker, listener] = [engine.join({ direction: 'recvonly' }), engine.join({ direction: 'sendonly' })];
  engine.run(3);
  t.equal(packets(talker), 0);
  t.ok(packets(listener) > 0, 'silence is refreshed for receivers');
  await engine.close();
});

test('a new offer changes the direction of a live connection, and mute and deafen still apply', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const [one, other] = [engine.join({ red: false, payload: talks }), engine.join({ red: false, payload: talks })];
  const turn = (direction: Direction) =>
    engine.engine.handle({ type: 'set_direction', memberId: one.options.id, direction });
  const set = (state: MemberState) => engine.engine.handle({ type: 'set_state', memberId: one.options.id, state });
  const hear = () => {
    engine.run(1);
    const [toOne, toOther] = listen(engine, [one, other]);
    return `${toOne! >= 48 ? 'hears' : toOne} ${toOther! >= 48 ? 'is heard' : toOther! <= 4 ? 'is not heard' : toOther}`;
  };
  t.equal(hear(), 'hears is heard');
  turn('recvonly');
  t.equal(hear(), '0 is heard');
  turn('inactive');
  t.equal(hear(), '0 is not heard');
  turn('sendonly');
  t.equal(hear(), 'hears is not heard');
  turn('sendrecv');
  t.equal(hear(), 'hears is heard');

  set({ muted: true, deafened: false, hearing: [] });
  turn('sendonly');
  turn('sendrecv');
  t.equal(hear(), 'hears is not heard', 'a muted participant stays muted');
  turn('sendonly');
  set({ muted: false, deafened: false, hearing: [] });
  t.equal(hear(), 'hears is not heard', 'no longer muted, but not sending');
  turn('inactive');
  set({ muted: false, deafened: false, hearing: [] });
  t.equal(hear(), '0 is not heard');
  await engine.close();
});

test('the direction is kept in a move to another room', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const one = engine.join({ red: false, payload: talks, direction: 'recvonly' });
  const state = { muted: false, deafened: false, hearing: [] };
  engine.engine.handle({ type: 'open_room', roomId: 9, mix: { maxTalkers: 0, levelling: false } });
  engine.engine.handle({ type: 'move_member', memberId: one.options.id, roomId: 9, state });
  engine.run(2);
  t.equal(packets(one), 0);
  await engine.close();
});

test('a receive-only participant still counts as present', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const listener = engine.join({ red: false, direction: 'sendonly' });
  const talker = engine.join({ red: false, direction: 'recvonly', payload: talks });
  engine.run(40);
  t.ok(listen(engine, [listener])[0]! >= 48, 'after longer than the consent time');
  t.equal(engine.stats!.gauges.connections, 2);
  t.equal(packets(talker), 0);
  await engine.close();
});
