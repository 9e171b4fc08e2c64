import { test } from 'tap';
import { ParticipantMutes } from '../../src/rooms/participant-mutes.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

function setUp({ muted = false, mutedByModerator = false, maySpeak = true } = {}) {
  const clock = new FakeClock();
  let changes = 0;
  const mutes = new ParticipantMutes({
    state: { muted, deafened: false },
    mutedByModerator,
    mutedInChat: false,
    maySpeak: () => maySpeak,
    clock,
    changed: () => changes++,
    heldBack: () => {},
  });
  return { clock, mutes, changes: () => changes };
}

test('whoever may not speak enters muted, and cannot unmute', (t) => {
  for (const restriction of [{ mutedByModerator: true }, { maySpeak: false }]) {
    const { mutes } = setUp(restriction);
    t.ok(mutes.state.muted);
    t.notOk(mutes.mayUnmute);
    t.throws(() => mutes.set({ muted: false }), { code: 'not_allowed' });
    mutes.set({ deafened: true });
    t.same(mutes.state, { muted: true, deafened: true });
  }
  t.end();
});

test('a moderator mutes, and only the participant unmutes', (t) => {
  const { mutes, changes } = setUp();
  mutes.setByModerator(true);
  t.ok(mutes.state.muted && mutes.byModerator);
  mutes.setByModerator(true);
  t.equal(changes(), 1, 'told once');
  mutes.setByModerator(false);
  t.ok(mutes.state.muted);
  mutes.set({ muted: false });
  t.notOk(mutes.state.muted);
  mutes.set({});
  t.equal(changes(), 3, 'nothing is told that has not changed');
  t.end();
});

test('a mute outlasts an unmute that waits', (t) => {
  const { clock, mutes } = setUp();
  for (let i = 0; i < 20; i++) {
    mutes.set({ muted: true });
    mutes.set({ muted: false });
  }
  t.ok(mutes.state.muted, 'it waits');
  mutes.setByModerator(true);
  clock.advance(10_000);
  t.ok(mutes.state.muted);
  mutes.close();
  t.end();
});

test('the mute in the chat says whether it is new', (t) => {
  const { mutes } = setUp();
  t.ok(mutes.setInChat(true));
  t.notOk(mutes.setInChat(true));
  t.ok(mutes.inChat);
  t.end();
});

test('an unmute that waits does not outlast the right to speak', (t) => {
  const { clock, mutes } = setUp();
  for (let i = 0; i < 20; i++) {
    mutes.set({ muted: true });
    mutes.set({ muted: false });
  }
  mutes.silence();
  clock.advance(10_000);
  t.ok(mutes.state.muted);
  t.end();
});
