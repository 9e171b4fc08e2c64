import { test } from 'tap';
import { forgetCall, type KeptCall, keepCall, keptCall } from '../../web/app/call-memory.ts';

const CALL: KeptCall = {
  name: 'Ada',
  room: 'lobby',
  mode: 'open',
  password: 'open sesame',
  muted: true,
  deafened: false,
};

function fakeStorage() {
  const texts = new Map<string, string>();
  const storage = {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => void texts.set(key, text),
    removeItem: (key: string) => void texts.delete(key),
  };
  return { texts, storage: () => storage };
}

test('a call is kept over a reload, for a short time, until it is forgotten', async (t) => {
  const { storage } = fakeStorage();
  t.equal(keptCall(1000, storage), null);
  keepCall(CALL, 1000, storage);
  t.same(keptCall(1500, storage), CALL);
  t.equal(keptCall(1000 + 120_001, storage), null, 'an open microphone a day later would be a surprise');
  t.equal(keptCall(999, storage), null, 'nor if the clock was set');
  forgetCall(storage);
  t.equal(keptCall(1500, storage), null);
});

test('nothing is kept if the browser does not allow it, and what is damaged counts as nothing', async (t) => {
  const forbidden = () => {
    throw new Error('SecurityError');
  };
  keepCall(CALL, 0, forbidden);
  forgetCall(forbidden);
  t.equal(keptCall(0, forbidden), null);
  const { texts, storage } = fakeStorage();
  keepCall(CALL, 0, storage);
  const [[key = '', good = ''] = []] = texts;
  for (const bad of ['', '{', 'null', '7', '[]', '{}', good.replace('"open"', '"loud"'), good.replace('"Ada"', '7')]) {
    texts.set(key, bad);
    t.equal(keptCall(0, storage), null, bad);
  }
});
