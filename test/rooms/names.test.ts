import fc from 'fast-check';
import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { channelName, participantName, roomKey, roomName } from '../../src/rooms/names.ts';
import { cases } from '../helpers/cases.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof AppError ? error.code : `not an AppError: ${error}`;
  }
  return 'accepted';
};

/** Shows unprintable characters by their code points. */
const codePoints = (text: string): string => Array.from(text, (c) => c.codePointAt(0)!.toString(16)).join(' ');

test('a name in any script is accepted, trimmed and normalised', (t) => {
  t.equal(participantName('  Ada  '), 'Ada');
  t.equal(participantName('Zoe\u0308'), 'Zo\u00eb');
  for (const name of [
    'Ада',
    '愛達',
    'عائشة',
    'आदा',
    '👩‍🚀',
    'x',
    'Ada Lovelace',
    "O'Neill <3",
    'a'.repeat(64),
    '👍'.repeat(64),
  ]) {
    t.equal(participantName(name), name);
  }
  t.end();
});

test('a name that is empty, too long, invisible or contains control characters is refused', (t) => {
  const refused = [
    '',
    '   ',
    'a'.repeat(65),
    '👍'.repeat(65),
    'a\nb',
    'a\u0000',
    '\u001b[31mred',
    '\u202Eevil',
    '\ud800',
  ];
  refused.push('\u200B', '\u3164', '\u2060\u0301', 'a\u2028b');
  for (const name of refused)
    t.equal(
      codeOf(() => participantName(name)),
      'invalid_name',
      codePoints(name),
    );
  t.end();
});

test('a name needs a visible letter, digit, symbol or emoji', (t) => {
  const blanks = [
    ...[
      '\u2800',
      '\uFFFC',
      '\u{1D159}',
      '\u00AD',
      '\u034F',
      '\u061C',
      '\u115F',
      '\u1160',
      '\u17B4',
      '\u180E',
      '\u200B',
    ],
    ...[
      '\u200C',
      '\u200D',
      '\u200E',
      '\u200F',
      '\u2060',
      '\u2064',
      '\u3164',
      '\uFE0F',
      '\uFEFF',
      '\uFFA0',
      '\u{E0041}',
    ],
    ...[
      '\u{E0100}',
      '\u0301',
      '\u20DD',
      '\u00A0',
      '\u3000',
      '\u1680',
      '\uE000',
      '\u{10FFFF}',
      '.',
      '-_-',
      '???',
      '\u2014',
    ],
  ];
  for (const name of [...blanks, blanks.join(''), '\u2800 \u2800', '\u200E-\u200F', '\u2800\u0301'])
    t.equal(
      codeOf(() => participantName(name)),
      'invalid_name',
      codePoints(name),
    );
  for (const name of ['7', '٣', 'Ⅷ', '☺', '+', '€', '❤️', '1️⃣', '🇫🇷', '👋🏽', 'ー', '-x-', '\u2801'])
    t.equal(participantName(name), name, codePoints(name));
  t.end();
});

test('joiners are fine in words of scripts that use them and inside emoji, and direction marks in names', (t) => {
  const words = [
    'می\u200Cخواهم',
    'क\u094D\u200Dष',
    'ක\u0DCA\u200Dරම',
    'শ\u09CD\u200Cক',
    'അവന\u0D4D\u200D',
    'ကမ\u1039\u200Cဘာ',
    'ᠮᠣᠩ\u200Dᠭᠣᠯ',
  ];
  for (const word of words) {
    t.equal(participantName(word), word.normalize('NFC'), codePoints(word));
    t.equal(roomName(word), word.normalize('NFC'), codePoints(word));
  }
  const emoji = ['👩‍🚀', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🧑🏿‍🚒', '❤️‍🔥', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'Ada 👩🏽‍💻!', '葛\u{E0100}城'];
  for (const name of [...emoji, 'דנה\u200F!', 'Ada\u200E عائشة', 'ᠮ\u180Bᠣ'])
    t.equal(participantName(name), name, codePoints(name));
  t.end();
});

test('invisible characters are refused between others, where they would make two names look alike', (t) => {
  const hidden = [
    'Ad\u200Da',
    'Ada\u200C',
    '\u200DAda',
    'а\u200Cда',
    '愛\u200D達',
    'می\u200C\u200Cخ',
    'می\u200C',
    '\u200Cمی',
  ];
  hidden.push(
    // Without a property that says that they are invisible: annotations, hieroglyphic controls, a Khitan filler.
    ...['Ada\uFFF9', 'A\uFFFAda', 'Ada\uFFFB', 'Ada\u{13430}', 'A\u{1343F}da', 'Ada\u{16FE4}'],
    // Noncharacters.
    ...['Ada\uFFFE', 'A\uFDD0da', 'Ada\u{1FFFF}'],
    'A\u200Bda',
    'Ada\u3164',
    'Ada\uFE0F',
    'A\u2060da',
    'A\uFEFFda',
    'A\u00ADda',
    'Ada\u{E0061}\u{E007F}',
    '👍\u200Dx',
    '7\uFE0F',
  );
  for (const name of hidden) {
    t.equal(
      codeOf(() => participantName(name)),
      'invalid_name',
      codePoints(name),
    );
    t.equal(
      codeOf(() => roomName(name)),
      'invalid_room',
      codePoints(name),
    );
  }
  for (const name of ['lobby\u200E', 'l\u061Cobby', '👩‍🚀'])
    t.equal(
      codeOf(() => roomName(name)),
      'invalid_room',
      codePoints(name),
    );
  t.end();
});

test('a name that is far too long is refused before any processing', (t) => {
  const marks = '\u0315\u0316\u0300'.repeat(20_000);
  t.equal(
    codeOf(() => participantName(marks)),
    'invalid_name',
  );
  t.equal(
    codeOf(() => roomName(marks)),
    'invalid_room',
  );
  const decomposed = '\u1EA8'.repeat(64).normalize('NFD');
  t.equal(participantName(decomposed), '\u1EA8'.repeat(64), 'three code points for each of 64 characters');
  t.end();
});

test('a room name has letters of any script with their marks, digits, dash, underscore and dot', (t) => {
  for (const name of ['lobby', 'Raum-7', 'v1.2_x', 'Küche', 'комната', '部屋', 'कक्ष', 'a'.repeat(64)]) {
    t.equal(roomName(name), name);
  }
  t.equal(roomName(' lobby '), 'lobby');
  t.equal(roomName('Ku\u0308che'), 'K\u00fcche');
  t.end();
});

test('a room name that is empty, too long or unusable in an address is refused', (t) => {
  const refused = [
    '',
    ' ',
    'a'.repeat(65),
    '/',
    'a/./b',
    '../a',
    'a/\u0301',
    'a/'.repeat(33),
    'a\tb',
    'a\nb',
    'a?b',
    'a#b',
    'a%20',
    '.',
    '..',
    'a\u0000',
    '👍',
    '\u0301',
    'a\u3164',
  ];
  for (const name of refused)
    t.equal(
      codeOf(() => roomName(name)),
      'invalid_room',
      codePoints(name),
    );
  t.end();
});

test('spellings of the same room have the same key, and each is kept as it was typed', (t) => {
  const rooms: Readonly<Record<string, readonly string[]>> = {
    lobby: [
      'lobby',
      'Lobby',
      'LOBBY',
      ' lobby ',
      'lobby/',
      '/lobby',
      '/lobby//',
      ' / lobby / ',
      'ｌobby'.replace('ｌ', 'l'),
    ],
    'my-room': ['my room', 'My  Room', 'my-room', 'my - room', 'MY\u00A0ROOM', 'my\u3000room'],
    'a--b': ['A--b'],
    strasse: ['Straße', 'STRASSE', 'Strasse', 'STRAẞE'],
    οδοσ: ['Οδος', 'ΟΔΟΣ', 'οδοσ'],
    café: ['Café', 'CAFE\u0301'],
    'комната-7': ['Комната 7', 'КОМНАТА-7'],
    '음성-방': ['음성 방'],
    'games/board-games/go': ['Games/Board Games/Go', ' games / board games//go/', 'GAMES/BOARD-GAMES/GO'],
  };
  for (const [key, spellings] of Object.entries(rooms))
    for (const spelling of spellings) t.equal(roomKey(spelling), key, JSON.stringify(spelling));
  t.equal(roomName(' My  Room/ '), 'My Room');
  t.not(roomKey('my_room'), roomKey('my room'), 'other characters make another room');
  t.end();
});

test('the key of every name is a name with the same key, and no case changes it', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
      if (codeOf(() => roomName(text)) !== 'accepted') return;
      const key = roomKey(text);
      if (roomKey(key) !== key || roomName(key) !== key) throw new Error(`${JSON.stringify(key)} is not its own key`);
      for (const other of [text.toUpperCase(), text.toLowerCase(), `${text}/`, ` ${text}`])
        if (roomKey(other) !== key) throw new Error(`${JSON.stringify(other)} is another room`);
    }),
  );
  for (let code = 0; code < 0x20000; code++) {
    const letter = String.fromCodePoint(code);
    if (letter.toUpperCase() === letter && letter.toLowerCase() === letter) continue;
    if (!/\p{L}/u.test(letter) || codeOf(() => roomName(`x${letter}`)) !== 'accepted') continue;
    const key = roomKey(`x${letter}`);
    if (roomKey(`x${letter.toUpperCase()}`) !== key || roomKey(`x${letter.toLowerCase()}`) !== key)
      t.fail(`U+${code.toString(16)} has another key in another case`);
  }
  t.end();
});

test('a channel name is a plain one, without spaces and in its own case', (t) => {
  t.equal(channelName(' Red '), 'Red');
  for (const name of ['a b', 'red/', ''])
    t.equal(
      codeOf(() => channelName(name)),
      'invalid_channel',
    );
  t.end();
});

test('an accepted name is accepted again unchanged, and only AppErrors are thrown', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      for (const normalise of [participantName, roomName]) {
        const code = codeOf(() => {
          const name = normalise(text);
          if (normalise(name) !== name || [...name].length > 64) throw new Error(`${JSON.stringify(name)} changed`);
        });
        if (code.startsWith('not an AppError')) throw new Error(code);
      }
    }),
    { numRuns: cases(2000) },
  );
  t.pass('2000 texts');
  t.end();
});
