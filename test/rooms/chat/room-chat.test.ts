import { test } from 'tap';
import { type Admission, GUEST } from '../../../src/rooms/admission.ts';
import { CHAT_RATES } from '../../../src/rooms/chat/room-chat.ts';
import { BURST_MS } from '../../../src/rooms/fan-out-budget.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

const MODERATOR: Admission = { ...GUEST, identity: 'mo', mayModerate: true };
const known = (identity: string): Admission => ({ ...GUEST, identity });

function setUp(maxParticipants = 100) {
  const { clock, registry } = openRegistry(maxParticipants);
  const join = (
    name: string,
    admission: Admission = GUEST,
    { takesChat = true, chatAfter = '', resumeToken = '' } = {},
  ) => {
    const listener = new RecordingListener({ takesChat });
    const joined = registry.join({
      room: 'lobby',
      name,
      admission,
      state: { muted: false, deafened: false },
      listener,
      ...(chatAfter !== '' && { chatAfter }),
      ...(resumeToken !== '' && { resumeToken }),
    });
    const { participant } = joined;
    const say = (text: string, more: { to?: string; requestId?: number; mentions?: string[] } = {}) =>
      participant.write({ type: 'say', text, mentions: [], ...more });
    const edit = (id: string, text: string) => participant.write({ type: 'edit', id, text, mentions: [] });
    const unsay = (id: string) => participant.write({ type: 'unsay', id });
    const heard = () => listener.take('said').map(({ line }) => line.text);
    return { ...joined, listener, say, edit, unsay, heard, id: participant.id };
  };
  return { clock, registry, join };
}

test('a line reaches everyone who shows the chat, the writer with the request id, and nobody else', async (t) => {
  const { clock, join } = setUp();
  const [ada, ben] = [join('Ada', known('a')), join('Ben')];
  const old = join('Old', GUEST, { takesChat: false });
  ada.say(' hello ', { requestId: 1, mentions: [ben.id, 'nobody', ben.id] });
  const line = {
    from: ada.id,
    identity: 'a',
    name: 'Ada',
    text: 'hello',
    atMs: clock.wallNow(),
    mentions: [ben.id],
    edited: false,
  };
  const [toAda] = ada.listener.take('said');
  const [toBen] = ben.listener.take('said');
  t.match(toAda, { line, to: null, requestId: 1 });
  t.match(toBen, { line, to: null });
  t.notOk('requestId' in toBen!);
  t.equal(toBen!.mark, toBen!.line.id);
  t.same(old.listener.take('said'), []);
  t.equal(old.history, null);
});

test('people who come later receive the history, and those who come back only what they missed', async (t) => {
  const { join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  ada.say('one');
  const { mark } = ben.listener.take('said')[0]!;
  ben.participant.lose(0);
  ada.say('two');
  t.match(join('Cleo').history, { complete: true, lines: [{ text: 'one' }, { text: 'two' }] });
  const { resumeToken } = ben.participant;
  const back = join('Ben', GUEST, { chatAfter: mark, resumeToken });
  t.equal(back.id, ben.id);
  t.match(back.history, { complete: false, lines: [{ text: 'two' }] });
  t.equal(back.history?.lines.length, 1);
});

test('the history is gone with the room', async (t) => {
  const { clock, registry, join } = setUp();
  const ada = join('Ada');
  ada.say('one');
  ada.participant.leave('left');
  t.equal(registry.figures.rooms, 0);
  t.equal(clock.pendingTimers, 0);
  t.match(join('Ben').history, { lines: [] });
});

test('a private line reaches one person and the writer, and is not kept', async (t) => {
  const { clock, join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo')];
  ada.say('psst', { to: ben.id, requestId: 3 });
  t.match(ben.listener.take('said'), [{ line: { text: 'psst', from: ada.id }, to: ben.id }]);
  const [own] = ada.listener.take('said');
  t.match(own, { line: { text: 'psst' }, to: ben.id, requestId: 3 });
  t.same(cleo.heard(), []);
  t.same(join('Dan').history?.lines, []);
  t.throws(() => ada.edit(own!.line.id, 'x'), { code: 'unknown_line' });
  t.throws(() => ada.say('psst', { to: 'nobody' }), { code: 'unknown_participant' });
  t.throws(() => ada.say('psst', { to: ada.id }), { code: 'unknown_participant' });
  clock.advance(60_000);
  const old = join('Old', GUEST, { takesChat: false });
  t.throws(() => ada.say('psst', { to: old.id }), { code: 'not_delivered' });
  ben.participant.lose(clock.now());
  t.throws(() => ada.say('psst', { to: ben.id }), { code: 'not_delivered' }, 'nobody is told that it was delivered');
});

test('one edits and deletes what one wrote, also after leaving and coming back with the same identity', async (t) => {
  const { clock, join } = setUp();
  const [first, ben] = [join('Ada', known('a')), join('Ben')];
  first.say('one');
  first.say('two');
  const [one, two] = ben.listener.take('said').map(({ line }) => line);
  first.participant.leave('left');
  const ada = join('Ada', known('a'));
  t.throws(() => ben.edit(one!.id, 'x'), { code: 'not_allowed' });
  t.throws(() => ben.unsay(one!.id), { code: 'not_allowed' });
  ada.edit(one!.id, ' uno ');
  ada.unsay(two!.id);
  t.match(ben.listener.take('edited', 'unsaid'), [
    { type: 'edited', line: { ...one, text: 'uno', edited: true } },
    { type: 'unsaid', id: two!.id, by: ada.id },
  ]);
  clock.advance(60_000);
  t.throws(() => ada.edit(two!.id, 'x'), { code: 'unknown_line' });
  t.throws(() => ada.unsay('0.1'), { code: 'unknown_line' });
  t.match(join('Cleo').history?.lines, [{ text: 'uno' }]);
  t.notMatch(JSON.stringify(join('Dan').history), /two/);
});

test('a moderator deletes any line, even many at a time, and mutes in the chat alone', async (t) => {
  const { clock, join } = setUp();
  const [mo, ada] = [join('Mo', MODERATOR), join('Ada', known('a'))];
  for (let n = 0; n < 20; n++) {
    ada.say(`spam ${n}`);
    clock.advance(1000);
  }
  for (const { line } of mo.listener.take('said')) mo.unsay(line.id);
  t.same(join('Cleo').history?.lines, []);
  t.throws(() => ada.participant.moderate({ type: 'mute_chat', participantId: mo.id, muted: true }), {
    code: 'not_allowed',
  });
  mo.participant.moderate({ type: 'mute_chat', participantId: ada.id, muted: true });
  t.match(ada.participant.view, { mayChat: false, mutedByModerator: false, muted: false });
  t.throws(() => ada.say('more'), { code: 'not_allowed' });
  t.throws(() => ada.say('more', { to: mo.id }), { code: 'not_allowed' });
  ada.participant.leave('left');
  const again = join('Ada', known('a'));
  t.throws(() => again.say('more'), { code: 'not_allowed' }, 'leaving does not help');
  mo.participant.moderate({ type: 'mute_chat', participantId: again.id, muted: false });
  again.say('sorry');
});

test('a token can take the right to write', async (t) => {
  const { join } = setUp();
  const ada = join('Ada', { ...known('a'), mayChat: false });
  t.equal(ada.participant.view.mayChat, false);
  t.throws(() => ada.say('x'), { code: 'not_allowed' });
});

test('after five lines in a row there is one a second, and coming back does not start anew', async (t) => {
  const { clock, registry, join } = setUp();
  const [ada, ben] = [join('Ada', known('a')), join('Ben')];
  for (let n = 0; n < 5; n++) ada.say(`${n}`);
  const code = 'too_many_lines';
  t.throws(() => ada.say('5'), { code, retryAfterMs: 1000 });
  t.throws(() => ada.edit('x.1', 'y'), { code });
  t.throws(() => ada.unsay('x.1'), { code });
  t.throws(() => ada.say('5', { to: ben.id }), { code });
  t.same(ben.heard(), ['0', '1', '2', '3', '4']);
  ada.participant.leave('left');
  const again = join('Ada', known('a'));
  t.throws(() => again.say('5'), { code });
  let said = 0;
  for (let n = 0; n < 100; n++) {
    clock.advance(100);
    try {
      again.say('x');
      said++;
    } catch {}
  }
  // The last of ten may be a rounding error too early.
  t.ok(said === 9 || said === 10, `${said}: ten a second are refused, one a second is not`);
  t.equal(registry.textCounts.lines, 5 + said);
});

test('slow mode makes everyone but moderators wait between two lines', async (t) => {
  const { clock, registry, join } = setUp();
  const [mo, ada, ben] = [join('Mo', MODERATOR), join('Ada'), join('Ben')];
  ada.say('before');
  t.throws(() => ada.participant.moderate({ type: 'slow_mode', seconds: 10 }), { code: 'not_allowed' });
  mo.participant.moderate({ type: 'slow_mode', seconds: 10 });
  t.match(ada.listener.take('chat_updated'), [{ chat: { slowModeSeconds: 10 } }]);
  t.throws(() => ada.say('too soon'), { code: 'slow_mode', retryAfterMs: 10_000 });
  ben.say('one');
  mo.say('one');
  mo.say('two');
  clock.advance(9999);
  t.throws(() => ada.say('too soon'), { code: 'slow_mode', retryAfterMs: 1 });
  clock.advance(1);
  ada.say('in time');
  t.match(registry.room('lobby').info, { slowModeSeconds: 10 });
  t.match(join('Cleo').chat, { slowModeSeconds: 10 });
});

test('a refused line changes nothing: it is not told, not kept, and slow mode does not count it', async (t) => {
  const { join, registry } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  registry.change('lobby', { slowModeSeconds: 60 });
  t.throws(() => ada.say('x'.repeat(2001)), { code: 'invalid_text' });
  t.throws(() => ada.say('a\0b'), { code: 'invalid_text' });
  ada.say('good');
  t.same(ben.heard(), ['good']);
  t.equal(join('Cleo').history?.lines.length, 1);
});

test('a room without a chat says so, refuses lines, and forgets what was said', async (t) => {
  const { join, registry } = setUp();
  const ada = join('Ada');
  ada.say('secret');
  registry.change('lobby', { chat: false });
  t.match(ada.listener.take('chat_updated'), [{ chat: null }]);
  t.throws(() => ada.say('x'), { code: 'chat_off' });
  t.match(join('Ben'), { chat: null, history: null });
  registry.change('lobby', { chat: true });
  t.same(join('Cleo').history?.lines, []);
});

test('who is moved receives the chat of the other room', async (t) => {
  const { join, registry } = setUp();
  const ada = join('Ada');
  ada.say('here');
  registry.create({ name: 'attic', locked: false, slowModeSeconds: 5 });
  registry.move('lobby', ada.id, 'attic');
  t.match(ada.listener.take('moved', 'chat_history'), [
    { type: 'moved', chat: { slowModeSeconds: 5 } },
    { type: 'chat_history', complete: true, lines: [] },
  ]);
});

test('however much a full room writes, nobody receives more than the budget, in public and in private', async (t) => {
  const { clock, join, registry } = setUp(240);
  const people = Array.from({ length: 240 }, (_, n) => join(`P${n}`));
  const [victim] = people;
  const receivedBytes = () =>
    victim!.listener.take('said').reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
  for (const to of [undefined, victim!.id]) {
    clock.advance(60_000);
    let [bytes, refused] = [0, 0];
    for (let second = 0; second < 20; second++) {
      for (const { say } of people.slice(1))
        try {
          say('\u6f22'.repeat(2000), to === undefined ? {} : { to });
        } catch {
          refused++;
        }
      bytes += receivedBytes();
      clock.advance(1000);
    }
    const most = CHAT_RATES.each * (20 + BURST_MS / 1000) + 7000;
    t.ok(bytes > most / 4 && bytes <= most, `${bytes} of ${most}`);
    t.ok(refused > 1000);
  }
  t.ok((registry.textCounts.privateLines ?? 0) > 10);
});
