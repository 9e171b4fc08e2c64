import fc from 'fast-check';
import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { participantName, roomName } from '../../src/rooms/names.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof AppError ? error.code : `not an AppError: ${error}`;
  }
  return 'accepted';
};

/** What cannot be printed, as what it is. */
const codePoints = (text: string): string => Array.from(text, (c) => c.codePointAt(0)!.toString(16)).join(' ');

test('a name of any script is accepted, trimmed and normalised', (t) => {
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

test('a name that is empty, too long, invisible or holds control characters is refused', (t) => {
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

test('a room name has letters of any script with their marks, digits, dash, underscore and dot', (t) => {
  for (const name of ['lobby', 'Raum-7', 'v1.2_x', 'Küche', 'комната', '部屋', 'कक्ष', 'a'.repeat(64)]) {
    t.equal(roomName(name), name);
  }
  t.equal(roomName(' lobby '), 'lobby');
  t.equal(roomName('Ku\u0308che'), 'K\u00fcche');
  t.end();
});

test('a room name that is empty, too long or cannot stand in an address is refused', (t) => {
  const refused = [
    '',
    ' ',
    'a'.repeat(65),
    'a b',
    'a/b',
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

test('what is accepted is accepted again unchanged, and nothing else than an AppError is thrown', (t) => {
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
    { numRuns: 2000 },
  );
  t.pass('2000 texts');
  t.end();
});
