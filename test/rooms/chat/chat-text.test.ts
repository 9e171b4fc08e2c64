import fc from 'fast-check';
import { test } from 'tap';
import { MAX_CHAT_LENGTH } from '../../../src/protocol/bounds.ts';
import { chatText } from '../../../src/rooms/chat/chat-text.ts';

test('text is trimmed, normalised, and its line breaks are the same everywhere', async (t) => {
  t.equal(chatText('  hello  '), 'hello');
  t.equal(chatText('e\u0301'), '\u00e9');
  t.equal(chatText('a\r\nb\rc\nd'), 'a\nb\nc\nd');
});

test('text of one to 2000 units is accepted, also if it is hostile to those who show it carelessly', async (t) => {
  for (const text of [
    'x',
    'x'.repeat(2000),
    '<img src=x onerror=alert(1)>',
    'javascript:alert(1)',
    '\u202egnp.exe',
    '👩‍👩‍👧',
  ])
    t.equal(chatText(text), text);
});

test('empty, long and broken text is refused', async (t) => {
  const refused = [
    '',
    ' \n ',
    'x'.repeat(2001),
    ' '.repeat(2001),
    'a\0',
    'a\tb',
    'a\u0007',
    'a\u009b',
    'a\ud800',
    '\udc00a',
  ];
  for (const text of refused)
    t.throws(() => chatText(text), { code: 'invalid_text' }, JSON.stringify(text.slice(0, 9)));
});

test('what grows beyond the limit in normalisation is refused', async (t) => {
  t.throws(() => chatText('\u0958'.repeat(1500)), { code: 'invalid_text' });
});

test('whatever is accepted has the promised form', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      let accepted: string;
      try {
        accepted = chatText(text);
      } catch {
        return true;
      }
      const isClean = [...accepted].every((character) => character === '\n' || !/[\p{Cc}\p{Cs}]/u.test(character));
      return (
        isClean &&
        accepted.length >= 1 &&
        accepted.length <= MAX_CHAT_LENGTH &&
        accepted === accepted.normalize('NFC') &&
        accepted === accepted.trim() &&
        chatText(accepted) === accepted
      );
    }),
  );
});
