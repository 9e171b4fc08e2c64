import { test } from 'tap';
import { LinkControlSeat } from '../../../src/media/control/link-seat.ts';
import type { MediaCommand } from '../../../src/media/link/messages.ts';

const KEY = { key: new Uint8Array(16).fill(1), salt: new Uint8Array(12).fill(2) };
const PARAMETERS = {
  localKey: KEY,
  remoteKey: KEY,
  localSsrc: 1,
  remoteSsrc: 2,
  from: '10.0.0.2',
  to: { address: '10.0.0.1', port: 40_000 },
};

function setUp() {
  const commands: MediaCommand[] = [];
  const counts = { lost: 0, gone: 0 };
  const seat = new LinkControlSeat(
    { roomId: 5, kind: 'leaf', parameters: PARAMETERS, onLost: () => void counts.lost++ },
    { id: 9, post: (command) => commands.push(command), onGone: () => void counts.gone++ },
  );
  return { seat, commands, counts };
}

test('a link is a member of the room that is neither muted nor deaf', (t) => {
  const { seat, commands } = setUp();
  t.same(commands, []);
  seat.start();
  t.same(commands, [
    {
      type: 'add_member',
      memberId: 9,
      roomId: 5,
      kind: 'leaf',
      endpoint: { kind: 'link', parameters: PARAMETERS },
      state: { muted: false, deafened: false, hearing: [] },
    },
  ]);
  t.end();
});

test('its loss is told once and at once, whether nothing comes any more or its worker is dead', (t) => {
  for (const lose of ['end', 'lose'] as const) {
    const { seat, commands, counts } = setUp();
    seat.start();
    if (lose === 'end') seat.end('silent');
    else seat.lose();
    t.same(counts, { lost: 1, gone: 1 }, lose);
    t.same(commands.at(-1), { type: 'remove_member', memberId: 9 });
    seat.reportLost();
    seat.end('media_failed');
    seat.lose();
    seat.close();
    t.same(counts, { lost: 1, gone: 1 }, lose);
    t.equal(commands.length, 2);
  }
  t.end();
});

test('who closes it is not told', (t) => {
  const { seat, commands, counts } = setUp();
  seat.start();
  seat.close();
  seat.lose();
  seat.end('silent');
  t.same(counts, { lost: 0, gone: 1 });
  t.same(commands.at(-1), { type: 'remove_member', memberId: 9 });
  t.end();
});
