import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { BROADCAST_ERRORS } from '../../src/lib/broadcast-errors.ts';
import { ERRORS } from '../../src/lib/errors.ts';
import { strings } from '../../web/app/language.ts';
import { lateStrings } from '../../web/app/late-strings.ts';
import { problems } from '../../web/app/locales/en.ts';

/** Responses of the API for operators, and of WHIP and WHEP, which the page does not use. */
const ONLY_OF_THE_API = new Set([
  ...Object.keys(BROADCAST_ERRORS),
  'unknown_recording',
  'unknown_file',
  'no_converter',
  'range_not_satisfiable',
  'bots_off',
  'buffer_full',
  'players_off',
  'unknown_sound',
  'unknown_player',
  'too_many_players',
  'unsupported_media',
  'unusable_offer',
  'unknown_listener',
  'capture_off',
  'capture_running',
  'unknown_ban',
  'invalid_channel',
  'too_many_channels',
  'too_many_bodies',
  'no_space',
  'room_exists',
  'tokens_off',
  'sign_in_failed',
  'api_off',
  'admin_token_required',
  'admin_token_wrong',
  'not_found',
  'method_not_allowed',
  'invalid_request',
  'request_too_large',
  'unsupported_media_type',
]);
/** The page ends what it shares before the server says so, and says nothing. */
const SILENT = new Set(['owner_left']);
const OWN = ['unreachable', 'media_failed', 'already_connected', 'token_unavailable'];

test('the page has a sentence for every error code that a user can meet on it, and for no other', async (t) => {
  const met = Object.keys(ERRORS).filter((code) => !ONLY_OF_THE_API.has(code) && !SILENT.has(code));
  t.same(Object.keys(problems).sort(), [...met, ...OWN].sort());
});

test('each of them is in plain language', async (t) => {
  for (const [code, sentence] of Object.entries(problems)) {
    t.match(sentence, /^[A-Z][^_]* .*[.…]$/, code);
    t.equal(strings.problem(code, 'what the server says'), sentence);
  }
});

test("leaving shows nothing, and a refusal that is newer than the page is shown in the server's words", async (t) => {
  const closed = { status: 'closed', message: '' } as const;
  t.equal(strings.closed({ ...closed, reason: 'left' }), '');
  t.equal(strings.closed({ ...closed, reason: 'rate_limited' }), problems.rate_limited);
  t.equal(strings.problem('of_tomorrow', 'Not before noon.'), 'Not before noon.');
  t.match(strings.problem('of_tomorrow', ''), /of_tomorrow/);
});

test('a ban says when it ends, never too early', async (t) => {
  const banned = (retryAfterMs: number) =>
    strings.closed({ status: 'closed', reason: 'kicked', message: '', retryAfterMs });
  t.match(banned(1), /come back in 1 second\.$/);
  t.match(banned(59_001), /in 1 minute\.$/);
  t.match(banned(600_000), /in 10 minutes\.$/);
  t.match(banned(5_400_001), /in 2 hours\.$/);
});

/** Texts that the page chooses by a value: a code, a mode, a state. */
const BY_VALUE = new Set([
  'problems',
  'modes',
  'modeHints',
  'failures',
  'quality',
  'actions',
  'awayReasons',
  'hints',
  'hold',
  'mediaStates',
]);

test('every text is used', async (t) => {
  const folder = new URL('../../web/app/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('locales'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
  const unused: string[] = [];
  const visit = (value: object, path: string): void => {
    for (const [key, text] of Object.entries(value)) {
      if (BY_VALUE.has(key)) continue;
      if (typeof text === 'object') visit(text, `${path}${key}.`);
      else if (!new RegExp(`[.?]${key}\\b|\\[(?:[^\\]]*')?${key}'|'${key}'`).test(sources)) unused.push(path + key);
    }
  };
  visit(strings, '');
  visit(lateStrings, '');
  t.same(unused, []);
});

test('who is in a room is told by three names at most', async (t) => {
  const { someOf } = strings;
  t.equal(someOf(['Ada'], 1), 'Ada');
  t.equal(someOf(['Ada', 'Ben', 'Cy', 'Dan'], 4), 'Ada, Ben, Cy and 1 more');
  t.equal(someOf(['Ada', 'Ben', 'Cy'], 30), 'Ada, Ben, Cy and 27 more');
});
