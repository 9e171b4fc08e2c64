import { test } from 'tap';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import { RoomMembers } from '../../src/rooms/room-members.ts';

function member(
  id: string,
  {
    identity = null as string | null,
    token = `token of ${id}`,
    owner,
  }: {
    identity?: string | null;
    token?: string;
    owner?: Participant;
  } = {},
): Participant {
  return { id, resumeToken: token, admission: { ...GUEST, identity }, owner } as unknown as Participant;
}

test('people are found by the resume token and by the identity', (t) => {
  const members = new RoomMembers();
  const [ada, ben] = [member('a', { identity: 'ada' }), member('b')];
  members.add(ada);
  members.add(ben);
  t.equal(members.holderOfToken('token of b'), ben);
  t.equal(members.holderOfToken('token'), undefined);
  t.equal(members.holderOfToken(undefined), undefined);
  t.equal(members.holderOfIdentity({ ...GUEST, identity: 'ada' }), ada);
  t.equal(members.holderOfIdentity(GUEST), undefined, 'guests have none');
  members.delete(ada);
  t.equal(members.holderOfToken('token of a'), undefined);
  t.equal(members.holderOfIdentity({ ...GUEST, identity: 'ada' }), undefined);
  t.strictSame(members.people, [ben]);
  t.end();
});

test('whoever takes a place is found from then on, and the one before can go without harm', (t) => {
  const members = new RoomMembers();
  const before = member('a', { identity: 'ada' });
  const after = member('a', { identity: 'ada' });
  members.add(before);
  members.add(after);
  t.equal(members.size, 1);
  t.equal(members.holderOfToken('token of a'), after);
  t.equal(members.holderOfIdentity(after.admission), after);
  t.end();
});

test('what somebody shares is found by its token, but is no person', (t) => {
  const members = new RoomMembers();
  const ada = member('a');
  const music = member('m', { owner: ada });
  members.add(ada);
  members.add(music);
  t.equal(members.holderOfToken('token of m'), music);
  t.equal(members.personWith('token of m'), undefined);
  t.equal(members.personWith('token of a'), ada);
  t.equal(members.companions.of(ada), music);
  t.equal(members.size, 1);
  t.throws(() => members.checkPlaceFor(undefined, 1, new LimitCounts()), { code: 'room_full' });
  t.doesNotThrow(() => members.checkPlaceFor(undefined, 2, new LimitCounts()));
  t.doesNotThrow(() => members.checkPlaceFor(ada, 1, new LimitCounts()));
  t.end();
});
