import fc from 'fast-check';
import { test } from 'tap';
import type { ParticipantState } from '../../src/media/plane.ts';
import { StatePacer } from '../../src/rooms/state-pacer.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  let state: ParticipantState = { muted: true, deafened: false };
  let changes = 0;
  let heldBack = 0;
  const pacer = new StatePacer({
    clock,
    apply: (next) => {
      if (next.muted !== state.muted || next.deafened !== state.deafened) changes++;
      state = next;
    },
    onHeldBack: () => heldBack++,
  });
  return {
    clock,
    pacer,
    want: (wanted: ParticipantState) => pacer.change(state, wanted),
    get state() {
      return state;
    },
    get changes() {
      return changes;
    },
    get heldBack() {
      return heldBack;
    },
  };
}

const MUTED: ParticipantState = { muted: true, deafened: false };
const OPEN: ParticipantState = { muted: false, deafened: false };

test('muting applies at once, and endless unmuting has to wait', (t) => {
  const setup = setUp();
  let opened = 0;
  for (let ms = 0; ms < 10_000; ms += 10) {
    setup.want(OPEN);
    if (!setup.state.muted) opened++;
    setup.want(MUTED);
    t.ok(setup.state.muted || t.fail());
    setup.clock.advance(10);
  }
  t.ok(opened >= 8 && opened <= 8 + 4 * 10, `${opened} times in ten seconds`);
  t.ok(setup.heldBack > 900);
  t.equal(setup.clock.pendingTimers, 0, 'nothing waits behind a mute');
  t.end();
});

test('the latest request takes effect, and soon', (t) => {
  const setup = setUp();
  for (let n = 0; n < 50; n++) {
    setup.want(OPEN);
    setup.want(MUTED);
  }
  setup.want(OPEN);
  t.same(setup.state, MUTED);
  t.same(setup.pacer.wanted, OPEN);
  setup.clock.advance(250);
  t.same(setup.state, OPEN);
  t.equal(setup.pacer.wanted, undefined);
  t.end();
});

test('when a change unmutes and deafens, the deafening applies at once', (t) => {
  const setup = setUp();
  for (let n = 0; n < 8; n++) {
    setup.want(OPEN);
    setup.want(MUTED);
  }
  setup.want({ muted: false, deafened: true });
  t.same(setup.state, { muted: true, deafened: true });
  setup.clock.advance(1000);
  t.same(setup.state, { muted: false, deafened: true });
  t.end();
});

test('a participant muted by a moderator in between stays muted, and the rest of the change applies', (t) => {
  const setup = setUp();
  for (let n = 0; n < 8; n++) {
    setup.want(OPEN);
    setup.want({ muted: true, deafened: true });
  }
  setup.want(OPEN);
  setup.pacer.mute();
  setup.clock.advance(1000);
  t.same(setup.state, { muted: true, deafened: false });
  t.end();
});

test('a cancelled change leaves no timer', (t) => {
  const setup = setUp();
  for (let n = 0; n < 20; n++) {
    setup.want(OPEN);
    setup.want(MUTED);
  }
  setup.want(OPEN);
  t.equal(setup.clock.pendingTimers, 1);
  setup.pacer.cancel();
  t.equal(setup.clock.pendingTimers, 0);
  setup.clock.advance(1000);
  t.same(setup.state, MUTED);
  t.end();
});

test('whatever is requested when, the latest takes effect within a second, and changes are bounded', (t) => {
  const step = fc.record({ muted: fc.boolean(), deafened: fc.boolean(), pauseMs: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
      const setup = setUp();
      for (const { muted, deafened, pauseMs } of steps) {
        setup.want({ muted, deafened });
        if ((muted && !setup.state.muted) || (deafened && !setup.state.deafened)) return false;
        setup.clock.advance(pauseMs);
      }
      const spentS = setup.clock.now() / 1000;
      const bounded = setup.changes <= 3 * (8 + 4 * spentS + 1);
      setup.clock.advance(1000);
      const { muted, deafened } = steps.at(-1)!;
      return bounded && setup.state.muted === muted && setup.state.deafened === deafened;
    }),
  );
  t.end();
});
