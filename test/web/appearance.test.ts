import { test } from 'tap';
import { appearances, initialsOf } from '../../web/app/appearance.ts';

test('initials are letters, digits or one emoji, whatever the name looks like', async (t) => {
  const names: Readonly<Record<string, string>> = {
    Ada: 'A',
    'ada lovelace': 'AL',
    'Ada King Lovelace': 'AL',
    'Ada (Test)': 'AT',
    '(T) Ada': 'TA',
    'Ben [Bot]': 'BB',
    '[B] (T)': 'BT',
    '"Zoë"': 'Z',
    '🇰🇷': '🇰🇷',
    '🇰🇷 Jisoo': 'J',
    'Jisoo 🇰🇷': 'J',
    '👩‍🚀👍': '👩‍🚀',
    '👩🏽‍🚀 ✨': '👩🏽‍🚀',
    '7 of 9': '79',
    '愛達 王': '愛',
    김지수: '김',
    'عائشة محمد': 'ع',
    'עדה לבלייס': 'ע',
    'e\u0301mile zola': 'E\u0301Z',
    '€uro': 'U',
    '€': '€',
    '★★★': '★',
  };
  for (const [name, initials] of Object.entries(names)) t.equal(initialsOf(name), initials, name);
  t.equal(initialsOf(''), '?');
});

test('neighbours have different colours, and a name has the same one on every screen', async (t) => {
  const people = Array.from({ length: 60 }, (_, index) => ({ id: String(index), name: 'Ada' }));
  const hues = [...appearances(people).values()].map(({ hue }) => hue);
  for (const [index, hue] of hues.entries())
    t.notOk(
      hues.slice(index + 1, index + 7).some((other) => Math.abs(other - hue) < 20),
      String(index),
    );
  const alone = appearances([{ id: 'x', name: 'Grace' }]).get('x');
  t.same(appearances([{ id: 'y', name: 'Grace' }]).get('y'), alone);
});

test('people of the same name are told apart by a number, in the order in which they came', async (t) => {
  const people = ['Ada', 'Ben', 'ada', 'Ada'].map((name, index) => ({ id: String(index), name }));
  t.same(
    [...appearances(people).values()].map(({ number }) => number),
    [null, null, 2, 3],
  );
});
