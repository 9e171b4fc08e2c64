import { type Test, test } from 'tap';
import { RoomLink } from '../../../src/media/control/room-link.ts';
import { isLinkParameters, type LinkParameters } from '../../../src/rtc/link-options.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { type FakeSlot, startFakeSlot } from '../../helpers/fake-slot.ts';

const ROOM = 5;
const ROUTE = { here: '192.168.0.1', there: '192.168.0.2', port: 41_000 };

/** A worker of this server, and one of another. */
async function setUp(t: Test, { homePort = 40_000, isRouted = true }: { homePort?: number; isRouted?: boolean } = {}) {
  const clock = new FakeClock();
  const home = await startFakeSlot(clock, { address: '10.0.0.1', port: homePort === 0 ? undefined : homePort });
  const leaf = await startFakeSlot(clock, {
    address: '10.0.0.2',
    port: 49_999,
    ...(isRouted ? { route: ROUTE } : {}),
  });
  t.teardown(() => Promise.all([home, leaf].map(({ slot }) => slot.close())));
  const lost = { count: 0 };
  const link = () => new RoomLink({ roomId: ROOM, home: home.slot, leaf: leaf.slot, onLost: () => void lost.count++ });
  return { home, leaf, lost, link };
}

function endOf({ members }: FakeSlot): { kind: string | undefined; roomId: number; parameters: LinkParameters } {
  const [member] = members();
  if (member?.endpoint.kind !== 'link') throw new Error('there is no link');
  return { kind: member.kind, roomId: member.roomId, parameters: member.endpoint.parameters };
}

test('each end is told what the other is, where it is and what it sends with', async (t) => {
  const { home, leaf, link } = await setUp(t);
  link();
  const [here, there] = [endOf(home), endOf(leaf)];
  t.match(here, { kind: 'leaf', roomId: ROOM });
  t.match(there, { kind: 'home', roomId: ROOM });
  const [down, up] = [here.parameters, there.parameters];
  t.same(down.localKey, up.remoteKey);
  t.same(down.remoteKey, up.localKey);
  t.notSame(down.localKey, down.remoteKey, 'each direction has a key of its own');
  t.notSame(down.localKey.salt, down.remoteKey.salt);
  t.equal(down.localSsrc, up.remoteSsrc);
  t.equal(down.remoteSsrc, up.localSsrc);
  t.ok(isLinkParameters(down) && isLinkParameters(up));
  t.match(down, { from: '192.168.0.1', to: { address: '192.168.0.2', port: 41_000 } });
  t.match(up, { from: '192.168.0.2', to: { address: '192.168.0.1', port: 40_000 } });
  t.equal(home.members().length + leaf.members().length, 2);
});

test('each link has new keys and numbers', async (t) => {
  const keys = new Set<string>();
  const numbers = new Set<number>();
  const { home, leaf, link } = await setUp(t);
  for (let i = 0; i < 20; i++) {
    const made = link();
    for (const { parameters } of [endOf(home), endOf(leaf)]) {
      keys.add(Buffer.from(parameters.localKey.key).toString('hex'));
      numbers.add(parameters.localSsrc);
      t.ok(isLinkParameters(parameters));
    }
    made.close();
  }
  t.equal(keys.size, 40);
  t.equal(numbers.size, 40);
});

test('when one end is lost, the other is removed, and that is told once', async (t) => {
  for (const which of ['home', 'leaf'] as const)
    for (const how of ['silent', 'dead'] as const) {
      const { home, leaf, lost, link } = await setUp(t);
      link();
      const ends = { home, leaf };
      if (how === 'dead') ends[which].events().died('planted');
      else {
        const { memberId } = ends[which].members()[0]!;
        ends[which].events().event({ type: 'member_closed', memberId, reason: 'silent' });
      }
      t.equal(lost.count, 1, `${which} ${how}`);
      t.same(ends[which === 'home' ? 'leaf' : 'home'].members(), []);
      t.equal(home.slot.seats + leaf.slot.seats, 0);
    }
});

test('closing removes both ends and tells nobody', async (t) => {
  const { home, leaf, lost, link } = await setUp(t);
  const made = link();
  made.close();
  made.close();
  t.same([...home.members(), ...leaf.members()], []);
  t.equal(home.slot.seats + leaf.slot.seats, 0);
  home.events().died('planted');
  t.equal(lost.count, 0);
});

test('without a way between both there is no link, and nothing is left of it', async (t) => {
  for (const change of [{ homePort: 0 }, { isRouted: false }]) {
    const { home, leaf, lost, link } = await setUp(t, change);
    t.throws(link, { code: 'media_unavailable' }, JSON.stringify(change));
    t.equal(home.slot.seats + leaf.slot.seats, 0);
    t.same([...home.members(), ...leaf.members()], []);
    t.equal(lost.count, 0);
  }
  for (const which of ['home', 'leaf'] as const) {
    const both = await setUp(t);
    both[which].events().died('planted');
    t.throws(both.link, { code: 'media_unavailable' }, `${which} is dead`);
    t.equal(both.home.slot.seats + both.leaf.slot.seats, 0);
    t.same([...both.home.members(), ...both.leaf.members()], []);
    t.equal(both.lost.count, 0);
  }
});
