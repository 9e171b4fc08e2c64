import { test } from 'tap';
import { ERRORS } from '../../src/lib/errors.ts';
import { MAX_MUSIC } from '../../src/media/plane.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import { companionAdmission, companionName } from '../../src/rooms/companions.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import { type FakeSeat, sit } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';
import { RecordingListener } from '../helpers/recording-listener.ts';

const MODERATOR: Admission = { ...GUEST, identity: 'mo', mayModerate: true };
const known = (identity: string): Admission => ({ ...GUEST, identity });
const STATE = { muted: false, deafened: false };

function setUp(maxParticipants = 100) {
  const { registry, clock, plane } = openRegistry(maxParticipants);
  const enter = (name: string, admission: Admission, more: { companionOf?: string; resumeToken?: string } = {}) => {
    const listener = new RecordingListener();
    const joined = registry.join({ room: 'lobby', name, admission, state: STATE, listener, ...more });
    sit(joined.participant, 'offer');
    return { ...joined, listener, id: joined.participant.id, seat: joined.participant.seat as FakeSeat };
  };
  const join = (name: string, admission: Admission = GUEST) => enter(name, admission);
  const share = (owner: { readonly participant: Participant }, resumeToken?: string) =>
    enter('', companionAdmission(owner.participant.admission, true), {
      companionOf: owner.participant.resumeToken,
      ...(resumeToken !== undefined && { resumeToken }),
    });
  return { registry, clock, plane, join, share };
}

test('what somebody shares is a participant with an owner, and no person', (t) => {
  const { registry, join, share } = setUp(2);
  const [ada, ben] = [join('Ada', known('a')), join('Ben')];
  t.equal(ada.mayShareSound, true);
  const music = share(ada);
  t.match(music.participant.view, {
    name: "Ada's music",
    role: 'music',
    owner: ada.id,
    identity: null,
    mayModerate: false,
    mayChat: false,
    deafened: true,
    microphone: 'open',
  });
  t.equal(music.seat.options.kind, 'music');
  t.equal(ada.seat.options.kind, 'voice');
  t.match(ben.listener.take('participant_joined'), [{ participant: { id: music.id, role: 'music', owner: ada.id } }]);
  t.notOk('role' in ada.participant.view || 'owner' in ada.participant.view);
  const room = registry.room('lobby');
  t.equal(room.size, 2, 'the room is full of two people');
  t.equal(registry.figures.participants, 2);
  t.same(
    room.everybody.map(({ name }) => name),
    ['Ada', 'Ben'],
  );
  t.same(registry.list.preview('lobby'), { names: ['Ada', 'Ben'], participants: 2 });
  music.participant.setState({ deafened: false, muted: true });
  t.match(music.participant.view, { deafened: true, muted: true }, 'it hears nothing');
  t.throws(() => music.participant.write({ type: 'say', text: 'hi', mentions: [] }), { code: 'not_allowed' });
  t.end();
});

test('in a room that is at several servers nobody shares, so that nobody has to leave their server for it', (t) => {
  const { plane, join, share } = setUp();
  const ada = join('Ada', known('a'));
  plane.rooms[0]!.isSpread = true;
  t.throws(() => share(ada), { code: 'server_busy' });
  t.ok(join('Ben'));
  plane.rooms[0]!.isSpread = false;
  t.ok(share(ada));
  t.end();
});

test('while somebody shares, the room is at one server: at another one they would hear what they share', (t) => {
  const { registry, plane, join, share } = setUp();
  const [ada, ben] = [join('Ada', known('a')), join('Ben')];
  const isPlain = () => plane.rooms[0]?.isPlain;
  t.equal(isPlain(), false, 'people may whisper');
  registry.room('lobby').change({ whispers: false });
  t.equal(isPlain(), true);
  const music = share(ada);
  t.equal(isPlain(), false);
  ben.participant.leave('left');
  t.equal(isPlain(), false);
  music.participant.leave('left');
  t.equal(isPlain(), true);
  share(ada);
  t.equal(isPlain(), false);
  ada.participant.leave('left');
  t.end();
});

test('its owner does not hear it, and everyone else has a volume for it, which is kept for the next one', (t) => {
  const { join, share } = setUp();
  const [ada, ben] = [join('Ada', known('a')), join('Ben', known('b'))];
  const music = share(ada);
  t.same(ada.seat.state.hearing, [{ seatId: music.seat.id, gain: 0 }]);
  t.same(ben.seat.state.hearing, []);
  t.throws(() => ada.participant.hear(music.id, 1), { code: 'unknown_participant' });
  ben.participant.hear(music.id, 0.25);
  t.same(ben.seat.state.hearing, [{ seatId: music.seat.id, gain: 0.25 }]);
  ben.participant.hear(ada.id, 0.5);
  music.participant.leave('left');
  t.same(ada.participant.memberState.hearing.length <= 1, true);
  const next = share(ada);
  t.not(next.id, music.id);
  t.match(ben.seat.state.hearing, [{ gain: 0.5 }, { seatId: next.seat.id, gain: 0.25 }]);
  t.match(ada.seat.state.hearing, [{ seatId: next.seat.id, gain: 0 }]);
  t.end();
});

test('it goes when its owner goes, however that happens, and its client is told', (t) => {
  const ways: readonly ((owner: Participant, act: (id: string) => void) => void)[] = [
    (owner) => owner.leave('left'),
    (owner) => owner.leave('connection_lost'),
    (owner, kick) => kick(owner.id),
  ];
  for (const way of ways) {
    const { registry, join, share } = setUp();
    const [ada, mo] = [join('Ada'), join('Mo', MODERATOR)];
    const music = share(ada);
    mo.listener.events.length = 0;
    way(ada.participant, (participantId) => mo.participant.moderate({ type: 'kick', participantId, banSeconds: 0 }));
    t.equal(music.listener.endedBy, 'owner_left');
    t.notOk(music.seat.open);
    t.same(
      mo.listener
        .take('participant_left')
        .map(({ participantId }) => participantId)
        .sort(),
      [ada.id, music.id].sort(),
    );
    t.equal(registry.room('lobby').size, 1);
    mo.participant.leave('left');
    t.equal(registry.figures.rooms, 0, 'nothing keeps the room open');
  }
  t.equal(ERRORS.owner_left.closeCode, 4005);
  t.end();
});

test('a moderator ends it, or mutes it; the owner stays as they are', (t) => {
  const { join, share } = setUp();
  const [ada, mo] = [join('Ada'), join('Mo', MODERATOR)];
  const music = share(ada);
  mo.participant.moderate({ type: 'mute_participant', participantId: music.id, muted: true });
  t.ok(music.seat.muted && !ada.seat.muted);
  t.throws(() => music.participant.setState({ muted: false }), { code: 'not_allowed' });
  mo.participant.moderate({ type: 'kick', participantId: music.id, banSeconds: 600 });
  t.equal(music.listener.endedBy, 'kicked');
  t.ok(ada.seat.open);
  t.end();
});

test('somebody shares one sound at a time, and a broken connection comes back to it', (t) => {
  const { join, share } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  const music = share(ada);
  const again = share(ada);
  t.equal(music.listener.endedBy, 'replaced');
  t.equal(again.id, music.id, 'for the others it is the same');
  t.equal(ben.listener.take('participant_left').length, 0);
  again.participant.lose(0);
  const back = share(ada, again.participant.resumeToken);
  t.equal(back.participant, again.participant);
  t.ok(back.mediaResumed);
  t.end();
});

test('a few share at the same time, whatever else is full or locked', (t) => {
  const { registry, join, share } = setUp();
  const people = Array.from({ length: MAX_MUSIC + 1 }, (_, i) => join(`Ada ${i}`));
  registry.room('lobby').moderate({ type: 'lock', locked: true });
  registry.drain(null);
  const shared = people.slice(0, MAX_MUSIC).map((owner) => share(owner));
  t.throws(() => share(people[MAX_MUSIC]!), { code: 'too_many_shares' });
  shared[0]!.participant.leave('left');
  share(people[MAX_MUSIC]!);
  t.end();
});

test('it goes to another room with its owner, and nowhere else', async (t) => {
  const { registry, join, share } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  const music = share(ada);
  t.throws(() => registry.move('lobby', music.id, 'den'), { code: 'not_allowed' });
  registry.move('lobby', ada.id, 'den');
  t.equal(music.participant.roomName, 'den');
  t.same(
    registry.room('den').everybody.map(({ id }) => id),
    [ada.id],
  );
  t.equal(registry.room('den').size, 1);
  t.same(
    ben.listener
      .take('participant_left')
      .map(({ participantId }) => participantId)
      .sort(),
    [ada.id, music.id].sort(),
  );
  t.match(ada.seat.state.hearing, [{ seatId: music.seat.id, gain: 0 }]);
  ada.participant.leave('left');
  t.equal(music.listener.endedBy, 'owner_left');
  t.end();
});

test('it ends if there is no place for it in the other room', (t) => {
  const { registry, join, share } = setUp();
  const ada = join('Ada');
  const music = share(ada);
  const others = Array.from({ length: MAX_MUSIC }, (_, i) => join(`Ben ${i}`));
  for (const other of others) registry.move('lobby', other.id, 'den');
  for (const { participant } of others) {
    const listener = new RecordingListener();
    registry.join({
      room: 'den',
      name: '',
      admission: companionAdmission(participant.admission, true),
      state: STATE,
      listener,
      companionOf: participant.resumeToken,
    });
  }
  registry.move('lobby', ada.id, 'den');
  t.equal(ada.participant.roomName, 'den');
  t.equal(music.listener.endedBy, 'owner_left');
  t.end();
});

test('a sound does not go where its owner may not share it', (t) => {
  const { registry, join, share } = setUp();
  registry.create({ name: 'den', locked: false });
  for (const rights of [{ maySpeak: false }, { mayShareSound: false }]) {
    const ada = join('Ada');
    const music = share(ada);
    registry.switch(ada.participant, 'den', { ...GUEST, ...rights });
    t.equal(ada.participant.roomName, 'den');
    t.equal(music.listener.endedBy, 'owner_left');
    t.equal([...registry.room('den').all].length, 1);
    ada.participant.leave('left');
  }
  t.end();
});

test('only somebody who is there and may do it shares sound', async (t) => {
  const { registry, join, share } = setUp();
  const ada = join('Ada');
  const music = share(ada);
  const admit = (companionOf: string) => registry.admit({ room: 'lobby', companionOf }, () => true);
  await t.rejects(admit('a guess'), { code: 'unknown_participant' });
  await t.rejects(admit(music.participant.resumeToken), { code: 'unknown_participant' }, 'no companions of companions');
  t.match(await admit(ada.participant.resumeToken), { identity: null, maySpeak: true, mayModerate: false });
  for (const rights of [{ maySpeak: false }, { mayShareSound: false }])
    t.throws(() => companionAdmission({ ...GUEST, ...rights }, true), { code: 'not_allowed' });
  t.throws(() => companionAdmission(GUEST, false), { code: 'not_allowed' }, 'switched off');
  t.equal(join('Ben', { ...GUEST, mayShareSound: false }).mayShareSound, false);
  t.end();
});

test('the name for clients that know no companions is never too long', (t) => {
  t.equal(companionName('Ada'), "Ada's music");
  t.equal(Array.from(companionName('😀'.repeat(64))).length, 64);
  t.end();
});

test('nobody whom a moderator has muted is heard through what they share, also not anew', (t) => {
  const { join, share } = setUp();
  const [ada, mo] = [join('Ada'), join('Mo', MODERATOR)];
  const mute = (participantId: string, muted: boolean) =>
    mo.participant.moderate({ type: 'mute_participant', participantId, muted });
  const music = share(ada);
  mute(ada.id, true);
  t.equal(music.participant.view.mutedByModerator, true, 'with its owner');
  music.participant.leave('left');
  const next = share(ada);
  t.equal(next.participant.view.mutedByModerator, true, 'and so is the next one');
  next.participant.leave('left');
  mute(ada.id, false);
  const allowed = share(ada);
  t.equal(allowed.participant.view.mutedByModerator, false);
  mute(allowed.id, true);
  allowed.participant.leave('left');
  const again = share(ada);
  t.equal(again.participant.view.mutedByModerator, true, 'stopping and sharing again changes nothing');
  t.equal(ada.participant.view.mutedByModerator, false);
  mute(again.id, false);
  again.participant.leave('left');
  t.equal(share(ada).participant.view.mutedByModerator, false);
  t.end();
});
