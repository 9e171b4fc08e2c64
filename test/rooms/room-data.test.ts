import { test } from 'tap';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';
import { BURST_MS } from '../../src/rooms/fan-out-budget.ts';
import { DATA_RATES, type DataMessage } from '../../src/rooms/room-data.ts';
import { encodeEvent } from '../../src/signaling/encode.ts';
import { openRegistry } from '../helpers/open-registry.ts';

class Program implements ParticipantListener {
  readonly takesData: boolean;
  isBehind = false;
  events: RoomEvent[] = [];

  constructor(takesData: boolean) {
    this.takesData = takesData;
  }

  event(...events: readonly RoomEvent[]): void {
    this.events.push(...events.filter(({ type }) => type === 'data'));
  }

  ended(): void {}

  take(): RoomEvent[] {
    return this.events.splice(0);
  }
}

function setUp(maxParticipants = 100) {
  const { clock, registry } = openRegistry(maxParticipants);
  const join = (name: string, admission: Admission = GUEST, takesData = true) => {
    const listener = new Program(takesData);
    const state = { muted: false, deafened: false };
    const { participant } = registry.join({ room: 'lobby', name, admission, state, listener });
    const send = (message: Partial<DataMessage>) =>
      participant.write({ type: 'data', topic: 'dice', reliable: true, ...message });
    return { participant, listener, send, id: participant.id };
  };
  return { clock, registry, join };
}

test('everyone else whose client takes data receives it, as one object that is encoded once', async (t) => {
  const { join } = setUp();
  const [ada, ben, cleo, old] = [join('Ada'), join('Ben'), join('Cleo'), join('Old', GUEST, false)];
  ada.send({ payload: { eyes: [3, 5] } });
  const [toBen] = ben.listener.take();
  const [toCleo] = cleo.listener.take();
  t.same(toBen, { type: 'data', from: ada.id, topic: 'dice', payload: { eyes: [3, 5] } });
  t.equal(toBen, toCleo);
  t.equal(encodeEvent(toBen!), encodeEvent(toCleo!));
  t.same([ada.listener.take(), old.listener.take()], [[], []]);
  ada.send({ bytes: 'AAEC', to: [cleo.id, cleo.id] });
  t.same(ben.listener.take(), []);
  t.same(cleo.listener.take(), [{ type: 'data', from: ada.id, topic: 'dice', bytes: 'AAEC' }], 'once');
  t.throws(() => ada.send({ payload: 1, to: [ben.id, 'nobody'] }), { code: 'unknown_participant' });
  t.same(ben.listener.take(), [], 'then nobody receives it');
});

test('a message has a payload or bytes, and at most 4096 bytes', async (t) => {
  const { join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  t.throws(() => ada.send({}), { code: 'malformed_message' });
  t.throws(() => ada.send({ payload: 1, bytes: 'AAEC' }), { code: 'malformed_message' });
  ada.send({ payload: 'x'.repeat(4094) });
  t.throws(() => ada.send({ payload: 'x'.repeat(4095) }), { code: 'data_too_large' });
  t.throws(() => ada.send({ payload: '\u6f22'.repeat(1400) }), { code: 'data_too_large' }, 'bytes are counted');
  ada.send({ bytes: Buffer.alloc(4096).toString('base64') });
  t.throws(() => ada.send({ bytes: Buffer.alloc(4100).toString('base64') }), { code: 'data_too_large' });
  const deep = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`) as unknown;
  t.throws(() => ada.send({ payload: deep }), { code: 'data_too_large' });
  t.equal(ben.listener.take().length, 2);
  ada.send({ payload: null });
  t.match(ben.listener.take(), [{ payload: null }]);
});

test('twenty at once and ten a second are accepted', async (t) => {
  const { clock, join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  for (let n = 0; n < 20; n++) ada.send({ payload: n });
  t.throws(() => ada.send({ payload: 20 }), { code: 'too_many_data', retryAfterMs: 100 });
  clock.advance(1000);
  for (let n = 0; n < 10; n++) ada.send({ payload: n });
  t.throws(() => ada.send({ payload: 20 }), { code: 'too_many_data' });
  t.equal(ben.listener.take().length, 30);
});

test('who is behind gets no unreliable messages, and every reliable one', async (t) => {
  const { join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  ben.listener.isBehind = true;
  ada.send({ payload: 'position', reliable: false });
  ada.send({ payload: 'score' });
  t.match(ben.listener.take(), [{ payload: 'score' }]);
  ben.listener.isBehind = false;
  ada.send({ payload: 'position', reliable: false });
  t.match(ben.listener.take(), [{ payload: 'position' }]);
});

test('a token can take the right to send', async (t) => {
  const { join } = setUp();
  const ada = join('Ada', { ...GUEST, identity: 'a', maySendData: false });
  t.throws(() => ada.send({ payload: 1 }), { code: 'not_allowed' });
});

test('a game server sends to everyone or by identity, and is told how many received it', async (t) => {
  const { registry, join } = setUp();
  const [ada, ben] = [join('Ada', { ...GUEST, identity: 'player-1' }), join('Ben')];
  join('Old', GUEST, false);
  const { data } = registry.room('lobby');
  const message = { topic: 'score', payload: 3, reliable: true };
  t.equal(data.sendFromServer(message), 2);
  t.match(ada.listener.take(), [{ from: null, topic: 'score', payload: 3 }]);
  t.equal(data.sendFromServer({ ...message, to: ['player-1', 'nobody'] }), 1);
  t.equal(ada.listener.take().length, 1);
  t.equal(ben.listener.take().length, 1);
});

test('however much a full room sends, nobody receives more than the budget', async (t) => {
  const { clock, join } = setUp(240);
  const people = Array.from({ length: 240 }, (_, n) => join(`P${n}`));
  const [first] = people;
  let [bytes, refused] = [0, 0];
  for (let tenth = 0; tenth < 50; tenth++) {
    for (const { send } of people.slice(1))
      try {
        send({ payload: 'x'.repeat(4000), reliable: tenth % 2 === 0 });
      } catch {
        refused++;
      }
    bytes += first!.listener.take().reduce((sum, event) => sum + encodeEvent(event).length, 0);
    clock.advance(100);
  }
  const most = DATA_RATES.each * (5 + BURST_MS / 1000) + 5000;
  t.ok(bytes > most / 4 && bytes <= most, `${bytes} of ${most}`);
  t.ok(refused > 1000);
});
