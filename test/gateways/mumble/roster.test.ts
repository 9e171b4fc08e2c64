import { test } from 'tap';
import { type MumblePresence, Roster } from '../../../src/gateways/mumble/roster.ts';
import { UniqueNames } from '../../../src/gateways/mumble/shared/unique-names.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

function rosterOf(rooms: readonly string[], entryOf: (key: string) => 'open' | 'password' = () => 'open') {
  const { registry } = openRegistry();
  const roster = new Roster({ registry, access: { entryOf }, rooms, serverName: 'Here' }, 'secret');
  const join = (name: string, room: string, identity: string | null = null) =>
    registry.join({
      room,
      name,
      admission: { ...GUEST, identity },
      state: { muted: false, deafened: false },
      listener: new RecordingListener(),
    }).participant;
  const presence: MumblePresence = {
    session: roster.newSession(),
    name: 'Me',
    participant: null,
    selfMute: false,
    selfDeaf: false,
    hash: null,
    hearsMix: false,
    hearsSounds: false,
  };
  roster.add(presence);
  const view = (of = presence) => {
    roster.refresh();
    const { channels, users } = roster.viewFor(of);
    return {
      channels: [...channels.values()].map(({ name }) => name),
      users: [...users.values()].map(({ name }) => name).sort(),
      byName: (name: string) => [...users.values()].find((user) => user.name === name),
    };
  };
  return { registry, roster, join, presence, view };
}

test('only listed rooms are channels; without a list, those that the operator keeps and lists', async (t) => {
  const listed = rosterOf(['lobby', 'games']);
  listed.join('Ada', 'secret room');
  t.same(listed.view().channels, ['Here', 'lobby', 'games']);
  t.same(listed.view().users, ['Me'], 'nobody of other rooms is shown');
  const kept = rosterOf([]);
  kept.registry.create({ name: 'kept', locked: false });
  kept.registry.create({ name: 'hidden', locked: false, listed: false });
  kept.join('Ada', 'guests');
  t.same(kept.view().channels, ['Here', 'kept']);
});

test('who is behind a password or a lock is shown only to those inside', async (t) => {
  const { registry, join, presence, roster, view } = rosterOf(['open', 'closed', 'locked'], (key) =>
    key === 'closed' ? 'password' : 'open',
  );
  join('Ann', 'open');
  const bob = join('Bob', 'closed');
  join('Cy', 'locked');
  registry.room('locked').moderate({ type: 'lock', locked: true });
  t.same(view().users, ['Ann', 'Me']);
  const inside = { ...presence, session: roster.newSession(), name: 'In', participant: bob };
  t.same(view(inside).users, ['Ann', 'Bob', 'Me']);
});

test('numbers are never given twice, and objects stay the same until something changes', async (t) => {
  const { registry, roster, join, view } = rosterOf(['lobby']);
  const ada = join('Ada', 'lobby');
  const first = view().byName('Ada');
  t.equal(view().byName('Ada'), first);
  t.equal(roster.sessionOf(ada.id), first?.session);
  t.equal(roster.participantOf(first!.session), ada.id);
  ada.setState({ muted: true });
  t.match(view().byName('Ada'), { session: first?.session, selfMute: true });
  ada.leave('left');
  view();
  t.equal(roster.sessionOf(ada.id), undefined);
  t.equal(roster.participantOf(first!.session), undefined);
  join('Ada', 'lobby');
  t.ok(view().byName('Ada')!.session > first!.session);
  registry.close();
});

test('a hash is the same for the same identity, tells nothing of it, and guests have none', async (t) => {
  const { join, view } = rosterOf(['lobby']);
  join('Ada', 'lobby', 'ada@example.org');
  join('Guest', 'lobby');
  const { hash } = view().byName('Ada')!;
  t.match(hash, /^[\da-f]{40}$/);
  t.equal(view().byName('Guest')?.hash, '');
  const other = rosterOf(['lobby']);
  other.join('Ada again', 'lobby', 'ada@example.org');
  t.equal(other.view().byName('Ada again')?.hash, hash, 'the same secret, the same hash');
});

test('names are told apart, whatever their case', async (t) => {
  const { join, view } = rosterOf(['lobby']);
  for (const name of ['ada', 'Ada', 'ADA']) join(name, 'lobby');
  t.same(view().users, ['ADA (3)', 'Ada (2)', 'Me', 'ada']);
});

test('a number behind a name does not tell of somebody in a room that is not shown', async (t) => {
  const { registry, roster, join, presence, view } = rosterOf(['lobby', 'closed'], (key) =>
    key === 'closed' ? 'password' : 'open',
  );
  const inside = join('Bob', 'closed');
  const unlisted = join('Bob', 'unlisted');
  roster.add({ ...presence, session: roster.newSession(), participant: unlisted });
  join('bob', 'lobby');
  join('Bob', 'closed');
  t.same(view().users, ['Me', 'bob']);
  t.same(view({ ...presence, participant: unlisted }).users, ['Bob (2)', 'Me', 'bob']);
  t.same(view({ ...presence, participant: inside }).users, ['Bob (2)', 'Bob (3)', 'Me', 'bob']);
  registry.close();
});

test('names take a time that grows with their number, also if all are the same', (t) => {
  const leastMs = (count: number): number => {
    const times = Array.from({ length: 5 }, () => {
      const names = new UniqueNames();
      const startMs = performance.now();
      for (let n = 0; n < count; n++) names.take('Ada');
      return performance.now() - startMs;
    });
    return Math.min(...times);
  };
  const [few, many] = [leastMs(500), leastMs(8000)];
  t.ok(many < 80 * few, `500 names ${few} ms, 8000 names ${many} ms`);
  t.end();
});

test('the number of a channel leads only those who see it into its room', async (t) => {
  const { registry, roster, join, presence } = rosterOf(['lobby']);
  const unlisted = join('Bob', 'unlisted');
  roster.add({ ...presence, session: roster.newSession(), participant: unlisted });
  roster.refresh();
  const channelId = roster.channelOf(unlisted.roomKey);
  t.equal(roster.roomOf(channelId, presence), undefined);
  t.equal(roster.roomOf(channelId, { participant: unlisted }), 'unlisted');
  t.equal(roster.roomOf(roster.channelOf('lobby'), presence), 'lobby');
  registry.close();
});

test('all who see the same have one view, which lasts until something changes', async (t) => {
  const { registry, roster, join, presence } = rosterOf(['lobby', 'games']);
  const people = ['Ann', 'Bob'].map((name) => join(name, 'lobby'));
  const inLobby = people.map((participant) => ({ ...presence, session: roster.newSession(), participant }));
  for (const one of inLobby) roster.add(one);
  const views = () => {
    roster.refresh();
    return [presence, ...inLobby].map((one) => roster.viewFor(one));
  };
  const [root, ann, bob] = views();
  t.equal(ann, bob);
  t.not(root, ann);
  t.same(views(), [root, ann, bob]);
  t.ok(
    views().every((view, i) => view === [root, ann, bob][i]),
    'as long as nothing happens',
  );
  t.not(roster.viewFor({ ...inLobby[0]!, hearsMix: true }), ann);
  t.not(roster.viewFor({ ...inLobby[0]!, hearsSounds: true }), roster.viewFor({ ...inLobby[0]!, hearsMix: true }));
  join('Cy', 'lobby').setState({ deafened: true });
  const [, joined] = views();
  t.not(joined, ann);
  t.equal(views()[1], joined);
  registry.room('lobby').change({ description: 'new' });
  t.not(views()[1], joined);
  const described = views()[1];
  registry.room('lobby').moderate({ type: 'lock', locked: true });
  t.not(views()[1], described);
});
