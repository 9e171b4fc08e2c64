import { test } from 'tap';
import { spaceRoom } from '../../helpers/space-room.ts';

test('a client turns its ears, unless the rules leave that to the game server', async (t) => {
  const { join, update, earsYawOf } = spaceRoom();
  const ada = join('ada');
  ada.participant.turn(45);
  update({ rules: {}, positions: [['ada', 1, 0, 0, 10]] });
  t.equal(earsYawOf(ada.seatId), 45, 'also what was said before the player was placed');
  ada.participant.turn(90);
  t.equal(earsYawOf(ada.seatId), 90);
  update({ positions: [['ada', 2, 0, 0, 10]] });
  t.equal(earsYawOf(ada.seatId), 90, 'the server moves the player');
  update({ rules: { turn: 'server' } });
  t.equal(earsYawOf(ada.seatId), 10);
  ada.participant.turn(120);
  t.equal(earsYawOf(ada.seatId), 10);
});

test('in the mode "server" no client moves anybody', async (t) => {
  const { join, update, mouthOf, earsOf } = spaceRoom();
  const ada = join('ada');
  t.throws(() => ada.participant.pose({ position: [9, 9, 9] }), { code: 'no_space' });
  update({ rules: {}, positions: [['ada', 1, 2, 3]] });
  t.throws(() => ada.participant.pose({ position: [9, 9, 9] }), { code: 'not_allowed' });
  t.same(mouthOf(ada.seatId), [1, 2, 3]);
  t.same(earsOf(ada.seatId), [1, 2, 3]);
});

test('in the mode "tethered" clients move their ears, near where the game server has placed them', async (t) => {
  const { join, update, mouthOf, earsOf, earsYawOf } = spaceRoom();
  const ada = join('ada');
  const rules = { axes: 'unreal', metresPerUnit: 0.01, positions: 'tethered', tether: 5 };
  update({ rules });
  t.throws(() => ada.participant.pose({ position: [0, 0, 0] }), { code: 'not_allowed' }, 'nobody has placed them');
  update({ positions: [['ada', 0, 0, 0]] });
  ada.participant.pose({ position: [0, 300, 0], yaw: 30 });
  t.same(mouthOf(ada.seatId), [0, 0, -0]);
  t.same(earsOf(ada.seatId), [3, 0, -0]);
  t.equal(earsYawOf(ada.seatId), 30);
  ada.participant.pose({ position: [0, 30_000, 0] });
  t.same(earsOf(ada.seatId), [5, 0, -0], 'no further than the tether');
  update({ positions: [['ada', 0, 100_000, 0]] });
  t.same(mouthOf(ada.seatId), [1000, 0, -0]);
  t.same(earsOf(ada.seatId), [995, 0, -0], 'the ears follow');
  update({ rules: { ...rules, positions: 'server' } });
  t.same(earsOf(ada.seatId), [1000, 0, -0]);
  update({ rules });
  t.same(earsOf(ada.seatId), [995, 0, -0]);
  ada.participant.leave('left');
  t.same(earsOf(join('ada').seatId), [1000, 0, -0], 'whoever comes back says it again');
});

test('in the mode "client" clients place themselves, and are gone when they leave', async (t) => {
  const { join, update, mouthOf, earsYawOf, room } = spaceRoom();
  const [ada, guest] = [join('ada'), join(null)];
  update({ rules: { positions: 'client' }, positions: [['ada', 1, 1, 1]] });
  guest.participant.pose({ position: [4, 5, 6], yaw: 90 });
  ada.participant.pose({ position: [7, 8, 9] });
  t.same(mouthOf(guest.seatId), [4, 5, 6]);
  t.equal(earsYawOf(guest.seatId), 90);
  t.same(mouthOf(ada.seatId), [7, 8, 9], 'the newest position counts');
  t.same(room.space.audiblePairs(9).length, 2);
  guest.participant.leave('left');
  ada.participant.leave('left');
  t.same(mouthOf(guest.seatId), undefined);
  t.same(mouthOf(join('ada').seatId), [7, 8, 9], 'the game server has made this body');
  for (let n = 0; n < 1100; n++) {
    const other = join(null);
    other.participant.pose({ position: [0, 0, n] });
    other.participant.leave('left');
  }
});

test('a client that moves too often is slowed down, and its last word counts', async (t) => {
  const { join, update, mouthOf, earsYawOf, clock } = spaceRoom();
  const ada = join('ada');
  update({ rules: { positions: 'client' } });
  let moves = 0;
  for (let n = 1; n <= 500; n++) {
    const before = mouthOf(ada.seatId)?.[0];
    ada.participant.pose({ position: [n, 0, 0] });
    if (mouthOf(ada.seatId)?.[0] !== before) moves++;
  }
  ada.participant.turn(70);
  t.equal(moves, 10, 'a burst');
  clock.advance(39);
  t.equal(mouthOf(ada.seatId)![0], 10);
  clock.advance(1);
  t.equal(mouthOf(ada.seatId)![0], 500);
  t.equal(earsYawOf(ada.seatId), 70);
  ada.participant.pose({ position: [1, 0, 0] });
  update({ rules: { positions: 'server' } });
  clock.advance(1000);
  t.equal(mouthOf(ada.seatId)![0], 500, 'rules that have changed meanwhile count');
  ada.participant.turn(80);
  ada.participant.leave('left');
  t.equal(clock.pendingTimers, 0);
});
