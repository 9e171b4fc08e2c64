import { test } from 'tap';
import { GUEST } from '../../../src/rooms/admission.ts';
import type { RoomEvent } from '../../../src/rooms/events.ts';
import type {
  Recorder,
  RecordingConsent,
  RecordingMode,
  RecordingStart,
  RunningRecording,
} from '../../../src/rooms/recording/recorder.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { openRegistry } from '../../helpers/open-registry.ts';

/** Notes what it is told, and records nothing. */
class FakeRecorder implements Recorder {
  readonly starts: RecordingStart[] = [];
  readonly log: string[] = [];
  consent: RecordingConsent = 'notice';
  failure: Error | undefined;

  async start(start: RecordingStart): Promise<RunningRecording> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    this.starts.push(start);
    const note = (what: string) => (id: string) => this.log.push(`${what} ${id}`);
    return {
      id: `recording ${this.starts.length}`,
      startedAtMs: 0,
      entered: ({ name }) => this.log.push(`entered ${name}`),
      left: () => this.log.push('left'),
      agreed: () => this.log.push('agreed'),
      setMuted: () => {},
      voice: note('voice'),
      mix: () => this.log.push('mix'),
      stop: note('stop'),
    };
  }
}

interface Entering {
  readonly room?: string;
  readonly mayRecord?: boolean;
  /** The resume token of whoever shares a sound. */
  readonly companionOf?: string;
}

function setUp(recording: RecordingMode = 'allowed', given?: FakeRecorder | null) {
  const recorder = given === undefined ? new FakeRecorder() : given;
  const { clock, plane, registry } = openRegistry(10, [], { recorder: recorder ?? undefined, recording });
  const join = (name: string, { room = 'lobby', mayRecord = false, companionOf }: Entering = {}) => {
    const events: RoomEvent[] = [];
    const listener = { event: (...told: RoomEvent[]) => events.push(...told), ended: () => {} };
    const joined = registry.join({
      room,
      name,
      listener,
      admission: { ...GUEST, mayRecord },
      ...(companionOf !== undefined && { companionOf }),
      state: { muted: false, deafened: false },
    });
    const told = () => events.splice(0).filter(({ type }) => type === 'recording' || type === 'moved');
    return { ...joined, told };
  };
  const room = (name = 'lobby') => registry.room(name).recording;
  return { clock, plane, registry, recorder: recorder ?? new FakeRecorder(), join, room };
}

const settle = () => new Promise(setImmediate);
const BOTH = { tracks: 'both' } as const;
const API = { by: 'api' } as const;

test('everybody is told before anything is recorded, and whoever joins later, too', async (t) => {
  const { clock, plane, recorder, join, room } = setUp();
  const ada = join('Ada');
  sit(ada.participant, 'offer');
  t.equal(ada.recording, undefined);
  const starting = room().start(BOTH, API);
  t.equal(plane.rooms[0]!.tap, null);
  t.same(ada.told(), []);
  const toldFirst = new Promise<boolean>((resolve) => {
    const media = plane.rooms[0]!;
    const setTap = media.setTap.bind(media);
    media.setTap = (tap) => {
      resolve(ada.told().length === 1);
      setTap(tap);
    };
  });
  t.equal(await starting, 'recording 1');
  t.equal(await toldFirst, true, 'the notice comes first');
  t.same(plane.rooms[0]!.tap?.request, { voices: true, mix: true });
  clock.advance(1500);
  const view = { forMs: 1500, tracks: 'both', needsConsent: false };
  t.same(join('Ben').recording, view);
  await t.rejects(room().start(BOTH, API), { code: 'recording_running' });
  t.equal(room().stop(), 'recording 1');
  t.same(ada.told(), [{ type: 'recording', recording: null, reason: 'stopped' }]);
  t.equal(plane.rooms[0]!.tap, null);
  t.same(recorder.log, ['entered Ada', 'entered Ben', 'stop stopped']);
  t.throws(() => room().stop(), { code: 'no_recording' });
});

test('what a seat sends is recorded for its participant, also just after they have left', async (t) => {
  const { plane, recorder, join, room } = setUp();
  const ada = join('Ada');
  join('Ben');
  sit(ada.participant, 'offer');
  await room().start({ tracks: 'both' }, API);
  const [seat] = plane.openSeats;
  const { sink, request } = plane.rooms[0]!.tap!;
  t.same(request, { voices: true, mix: true });
  const packet = {
    seatId: seat!.id,
    stream: 1,
    arrivalMs: 0,
    timestamp: 0,
    payload: new Uint8Array(1),
    levelDbov: null,
  };
  sink.voice(packet);
  sink.voice({ ...packet, seatId: 99 });
  ada.participant.leave('left');
  sink.voice(packet);
  sink.mix(packet);
  const voice = `voice ${ada.participant.id}`;
  t.same(recorder.log.slice(2), [voice, 'left', voice, 'mix']);
});

test('who may not record cannot', async (t) => {
  const { join, room } = setUp();
  const guest = join('Ada');
  const moderator = join('Ben', { mayRecord: true });
  t.equal(guest.mayRecord, undefined);
  t.equal(moderator.mayRecord, true);
  for (const on of [true, false])
    await t.rejects(room().request(guest.participant, on, 'both'), { code: 'not_allowed' });
  await room().request(moderator.participant, true, 'mix');
  await t.rejects(room().request(guest.participant, false, 'both'), { code: 'not_allowed' });
  t.match(guest.told(), [{ recording: { tracks: 'mix' } }]);
  await room().request(moderator.participant, false, 'both');
  t.match(guest.told(), [{ recording: null, reason: 'stopped' }]);
});

test('the right is for one room, and for a bounded number of recordings', async (t) => {
  const { clock, registry, join, room } = setUp();
  const ben = join('Ben', { mayRecord: true });
  for (let i = 0; i < 5; i++) {
    await room().request(ben.participant, true, 'both');
    await room().request(ben.participant, false, 'both');
  }
  await t.rejects(room().request(ben.participant, true, 'both'), { code: 'rate_limited' });
  clock.advance(10_000);
  await room().request(ben.participant, true, 'both');
  registry.move('lobby', ben.participant.id, 'annex');
  const [moved] = ben.told().filter(({ type }) => type === 'moved');
  t.notOk(moved !== undefined && 'mayRecord' in moved);
  await t.rejects(room('annex').request(ben.participant, true, 'both'), { code: 'not_allowed' });
});

test('nothing is recorded on a server without a directory, or in a room where that is off', async (t) => {
  const without = setUp('always', null);
  t.equal(without.join('Ada', { mayRecord: true }).mayRecord, undefined);
  await settle();
  await t.rejects(without.room().start(BOTH, API), { code: 'recording_off' });
  const { registry, join, room } = setUp('off');
  const ada = join('Ada', { mayRecord: true });
  t.equal(ada.mayRecord, undefined);
  await t.rejects(room().request(ada.participant, true, 'both'), { code: 'recording_off' });
  registry.change('lobby', { recording: 'allowed' });
  await room().request(ada.participant, true, 'both');
  ada.told();
  registry.change('lobby', { recording: 'off' });
  t.match(ada.told(), [{ recording: null, reason: 'stopped' }]);
});

test('a room that is always recorded is, from the first participant to the last', async (t) => {
  const { plane, registry, recorder, join, room } = setUp();
  registry.create({ name: 'lobby', locked: false, recording: 'always' });
  await settle();
  t.same(recorder.starts, []);
  const ada = join('Ada', { mayRecord: true });
  t.equal(ada.mayRecord, undefined, 'nobody has to start it');
  await settle();
  t.match(ada.told(), [{ type: 'recording', recording: { tracks: 'both' } }]);
  t.match(recorder.starts, [{ starter: { by: 'room' } }]);
  await t.rejects(room().request(ada.participant, false, 'both'), { code: 'not_allowed' });
  ada.participant.leave('left');
  t.equal(recorder.log.at(-1), 'stop room_ended');
  t.equal(plane.rooms[0]!.tap, null);
  const ben = join('Ben');
  await settle();
  t.equal(recorder.starts.length, 2);
  registry.move('lobby', ben.participant.id, 'annex');
  t.equal(recorder.log.at(-1), 'stop room_ended', 'the last one is moved out');
  join('Cleo');
  await settle();
  t.equal(recorder.starts.length, 3);
  recorder.starts[2]!.onEnd('time');
  await settle();
  t.equal(recorder.starts.length, 4, 'after its longest time it goes on in another recording');
});

test('a recorder that dies is told to the room', async (t) => {
  const { plane, recorder, join, room } = setUp();
  const ada = join('Ada');
  await room().start(BOTH, API);
  ada.told();
  recorder.starts[0]!.onEnd('disk_full');
  t.same(ada.told(), [{ type: 'recording', recording: null, reason: 'disk_full' }]);
  t.equal(plane.rooms[0]!.tap, null);
  t.equal(join('Ben').recording, undefined);
  recorder.failure = new Error('the disk is gone');
  await t.rejects(room().start(BOTH, API), { message: 'the disk is gone' });
  t.same(ada.told(), []);
  recorder.failure = undefined;
  await room().start(BOTH, API);
});

test('a room that closes while a recording starts is not recorded', async (t) => {
  const { registry, recorder, join, room } = setUp();
  join('Ada');
  const starting = room().start(BOTH, API);
  registry.room('lobby').close('room_closed');
  await t.rejects(starting, { code: 'unknown_room' });
  t.same(recorder.log, ['stop room_ended']);
  join('Ben');
  await room().start(BOTH, API);
  registry.close();
  t.equal(recorder.log.at(-1), 'stop server_closing');
});

test('if people must agree, nobody is heard before, and everybody is heard afterwards', async (t) => {
  const { plane, registry, recorder, join, room } = setUp();
  recorder.consent = 'required';
  const ada = join('Ada');
  const ben = join('Ben');
  sit(ada.participant, 'ada');
  sit(ben.participant, 'ben');
  const muted = () => plane.openSeats.map((seat) => seat.muted);
  await room().start(BOTH, API);
  t.match(ada.told(), [{ recording: { needsConsent: true } }]);
  t.same(muted(), [true, true]);
  t.equal(ada.participant.view.muted, false, 'that is not their own mute');
  ada.participant.sound.agreeToRecording();
  t.same(muted(), [false, true]);
  sit(ben.participant, 'ben again');
  t.same(muted(), [false, true], 'another connection changes nothing');
  const cleo = join('Cleo');
  sit(cleo.participant, 'cleo');
  t.same(muted(), [false, true, true]);
  registry.move('lobby', ben.participant.id, 'annex');
  t.same(
    plane.rooms[1]!.seats.map((seat) => seat.muted),
    [false],
  );
  registry.move('annex', ben.participant.id, 'lobby');
  t.same(muted().filter(Boolean).length, 2);
  room().stop();
  t.same(muted(), [false, false, false]);
  t.ok(recorder.log.includes('agreed'));
});

test('who agrees, agrees for what they share as well', async (t) => {
  const { recorder, join, room } = setUp();
  recorder.consent = 'required';
  const ada = join('Ada');
  join('Ben');
  const share = () => join('', { companionOf: ada.participant.resumeToken }).participant;
  const music = share();
  await room().start(BOTH, API);
  t.equal(music.sound.state.muted, true);
  ada.participant.sound.agreeToRecording();
  t.equal(music.sound.state.muted, undefined);
  t.equal(recorder.log.filter((entry) => entry === 'agreed').length, 2);
  music.leave('left');
  t.equal(share().sound.state.muted, undefined, 'also for the next one');
});

test('a program that is given what is said counts as a recording, beside one and without', async (t) => {
  const { clock, recorder, join, room } = setUp();
  const ada = join('Ada');
  const leave = room().shownTo('mix');
  clock.advance(100);
  const view = { forMs: 100, tracks: 'mix', needsConsent: false, programs: 1 };
  t.match(ada.told(), [{ type: 'recording', recording: { ...view, forMs: 0 } }]);
  t.same(join('Ben').recording, view);
  t.equal(room().id, null);
  const leaveToo = room().shownTo('participants');
  t.match(ada.told(), [{ recording: { tracks: 'both', programs: 2 } }]);
  await room().start({ tracks: 'mix' }, API);
  leave();
  leave();
  t.match(ada.told().at(-1), { recording: { programs: 1 } });
  t.equal(room().stop(), 'recording 1');
  t.match(ada.told(), [{ recording: { tracks: 'participants', programs: 1 }, reason: 'stopped' }]);
  leaveToo();
  t.same(ada.told(), [{ type: 'recording', recording: null, reason: 'stopped' }]);
  t.equal(recorder.starts.length, 1);
});

test('nobody who must agree is heard by a program before they have', async (t) => {
  const recorder = new FakeRecorder();
  recorder.consent = 'required';
  const { join, room } = setUp('allowed', recorder);
  const ada = join('Ada');
  const leave = room().shownTo('mix');
  const ben = join('Ben');
  t.equal(ada.participant.memberState.muted, true);
  t.equal(ben.participant.memberState.muted, true);
  ada.participant.sound.agreeToRecording();
  t.equal(ada.participant.memberState.muted, false);
  await room().start(BOTH, API);
  t.ok(recorder.log.includes('agreed'), 'what they agreed to is the same');
  room().stop();
  t.equal(ben.participant.memberState.muted, true, 'the program still listens');
  leave();
  t.equal(ben.participant.memberState.muted, false);
});

test('a room that is always recorded is so although a program listens', async (t) => {
  const { recorder, join, room } = setUp('always');
  join('Ada');
  await settle();
  room().shownTo('mix');
  t.equal(recorder.starts.length, 1);
  const other = setUp('always');
  other.registry.create({ name: 'lobby', locked: false });
  other.room().shownTo('mix');
  other.join('Ada');
  await settle();
  t.equal(other.recorder.starts.length, 1);
});
