import { test } from 'tap';
import { type Admission, GUEST } from '../../../src/rooms/admission.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

const MODERATOR: Admission = { ...GUEST, identity: 'mo', mayModerate: true };
const CONTENT = Buffer.from('GIF89a and pixels');

function setUp() {
  const files = { maxBytes: 1000, maxTotalBytes: 10_000, keptMinutes: 60 };
  const { clock, registry } = openRegistry(100, [], { chat: { enabled: true, keptLines: 100, keptHours: 24, files } });
  const join = (name: string, admission: Admission = GUEST, room = 'lobby') => {
    const listener = new RecordingListener();
    const joined = registry.join({ room, name, admission, state: { muted: false, deafened: false }, listener });
    const { participant, fileKey = '' } = joined;
    const upload = () => {
      const grant = registry.files.offer(participant, { name: 'cat.gif', bytes: CONTENT.length }, '192.0.2.1');
      return registry.files.store.append(grant, 0, CONTENT)!.id;
    };
    const say = (text: string, file?: string, to?: string) =>
      participant.write({ type: 'say', text, mentions: [], file, to });
    const said = () => listener.take('said').map(({ line }) => line);
    const reads = (id: string) => {
      try {
        return registry.files.read(id, fileKey).content.equals(CONTENT);
      } catch {
        return false;
      }
    };
    return { ...joined, listener, upload, say, said, reads, id: participant.id, fileKey };
  };
  return { clock, registry, join };
}

test('a line has a file, with or without a text, and people in the room read it', (t) => {
  const { registry, join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo', GUEST, 'den')];
  t.match(ada.chat, { files: { maxBytes: 1000, keptMinutes: 60 } });
  const file = ada.upload();
  ada.say(' ', file);
  const [line] = ben.said();
  t.match(line, { text: '', file: { id: file, name: 'cat.gif', bytes: CONTENT.length, type: 'image/gif' } });
  t.ok(ada.reads(file) && ben.reads(file));
  t.notOk(cleo.reads(file), 'somebody in another room does not');
  t.throws(() => registry.files.read(file, 'a guess'), { code: 'unknown_chat_file' });
  t.throws(() => registry.files.read('a guess', ben.fileKey), { code: 'unknown_chat_file' });
  const dora = join('Dora');
  t.match(dora.history, { lines: [{ file: { id: file } }] });
  t.ok(dora.reads(file), 'who comes later as well');
  ben.participant.leave('left');
  t.notOk(ben.reads(file), 'who has left does not');
  t.end();
});

test('a file for one participant is read by these two alone', (t) => {
  const { join } = setUp();
  const [ada, ben, cleo] = [join('Ada'), join('Ben'), join('Cleo')];
  const file = ada.upload();
  ada.say('for you', file, ben.id);
  t.match(ben.said(), [{ file: { id: file } }]);
  t.ok(ada.reads(file) && ben.reads(file));
  t.notOk(cleo.reads(file));
  t.end();
});

test('deleting a line deletes its file, also for moderators; editing keeps it', (t) => {
  const { join } = setUp();
  const [ada, mo] = [join('Ada'), join('Mo', MODERATOR)];
  const [first, second] = [ada.upload(), ada.upload()];
  ada.say('one', first);
  ada.say('two', second);
  const [one, two] = ada.said();
  ada.participant.write({ type: 'edit', id: one!.id, text: '', mentions: [] });
  t.match(ada.listener.take('edited'), [{ line: { text: '', file: { id: first } } }]);
  ada.participant.write({ type: 'unsay', id: one!.id });
  t.notOk(mo.reads(first));
  mo.participant.write({ type: 'unsay', id: two!.id });
  t.notOk(ada.reads(second));
  t.end();
});

test('whoever may not write sends no files, and nobody sends the file of another', (t) => {
  const { registry, join } = setUp();
  const [ada, ben] = [join('Ada'), join('Ben')];
  const quiet = join('Quiet', { ...GUEST, mayChat: false });
  t.throws(() => quiet.upload(), { code: 'not_allowed' });
  const file = ada.upload();
  t.throws(() => ben.say('mine', file), { code: 'unknown_chat_file' });
  t.throws(() => ada.say('', undefined), { code: 'invalid_text' });
  registry.change('lobby', { chat: false });
  t.throws(() => ada.upload(), { code: 'chat_off' });
  t.end();
});

test('files are gone with the chat, with the room, and with time', (t) => {
  const { clock, registry, join } = setUp();
  const ada = join('Ada');
  const send = () => {
    const file = ada.upload();
    ada.say('x', file);
    return file;
  };
  const first = send();
  registry.change('lobby', { chat: false });
  t.notOk(ada.reads(first));
  registry.change('lobby', { chat: true });
  const second = send();
  clock.advance(59 * 60_000);
  t.ok(ada.reads(second));
  clock.advance(60_000);
  t.notOk(ada.reads(second));
  send();
  ada.participant.leave('left');
  t.same(registry.files.store.figures, { files: 0, bytes: 0, received: 3 });
  t.end();
});

test('without files on this server there is no key', (t) => {
  const { registry } = openRegistry();
  const listener = new RecordingListener();
  const state = { muted: false, deafened: false };
  const joined = registry.join({ room: 'lobby', name: 'Ada', admission: GUEST, state, listener });
  t.notOk('fileKey' in joined);
  t.notOk(joined.chat !== null && 'files' in joined.chat);
  t.throws(() => registry.files.offer(joined.participant, { name: 'x', bytes: 1 }, ''), { code: 'files_off' });
  t.end();
});
