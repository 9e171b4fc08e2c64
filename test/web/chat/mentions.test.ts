import { test } from 'tap';
import { begunMention, completed, mentionsIn, suggestions } from '../../../web/app/chat/mentions.ts';
import { person } from '../fake-browser.ts';

const PEOPLE = [person('a', { name: 'Ada' }), person('b', { name: 'Ada B' }), person('c', { name: '미나' })];

test('a name that is being written is completed at the caret', async (t) => {
  t.equal(begunMention('hi @ad', 6), 'ad');
  t.equal(begunMention('@', 1), '');
  t.equal(begunMention('mail@ad', 7), null, 'an address is no mention');
  t.equal(begunMention('hi @ad there', 12), null);
  t.same(completed('hi @ad!', 6, 'Ada'), { text: 'hi @Ada !', caret: 8 });
});

test('people are suggested by the start of their name in any script and case', async (t) => {
  t.same(
    suggestions('ad', PEOPLE).map(({ id }) => id),
    ['a', 'b'],
  );
  t.same(
    suggestions('미', PEOPLE).map(({ id }) => id),
    ['c'],
  );
  t.same(suggestions('z', PEOPLE), []);
  t.equal(
    suggestions(
      '',
      Array.from({ length: 50 }, (_, n) => person(`${n}`)),
    ).length,
    6,
  );
});

test('those whose names are in the text are mentioned', async (t) => {
  t.same(mentionsIn('@미나 and @Ada', PEOPLE), ['a', 'c']);
  t.same(mentionsIn('Ada', PEOPLE), []);
});
