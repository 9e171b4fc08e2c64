import { test } from 'tap';
import { createLogger, setLogLevel } from '../../src/lib/log.ts';

function capture(isTTY: boolean) {
  const lines: string[] = [];
  return { isTTY, lines, write: (text: string) => lines.push(text) };
}

test('lines are JSON when the output is not a terminal, with time, level name and bound fields', (t) => {
  const out = capture(false);
  createLogger({ level: 'info', format: 'auto', out }).child({ room: 'lobby' }).info({ participant: 'p1' }, 'joined');
  t.match(JSON.parse(out.lines.join('')), {
    level: 'info',
    room: 'lobby',
    participant: 'p1',
    msg: 'joined',
    time: /T.*Z$/,
  });
  t.end();
});

test('lines on a terminal are for people, one line each, unless json is requested', (t) => {
  const pretty = capture(true);
  createLogger({ level: 'info', format: 'auto', out: pretty }).info({ room: 'lobby' }, 'room opened');
  t.equal(pretty.lines.length, 1);
  t.match(pretty.lines[0], /room opened.*"room":"lobby".*\n$/);
  t.throws(() => JSON.parse(pretty.lines[0]!));
  const json = capture(true);
  createLogger({ level: 'info', format: 'json', out: json }).info('x');
  t.match(JSON.parse(json.lines.join('')), { msg: 'x' });
  t.end();
});

test('lines below the level are not written, and secrets never are', (t) => {
  const out = capture(false);
  const log = createLogger({ level: 'info', format: 'json', out });
  log.debug('sdp');
  const config = { tokenSecret: 'secret', roomPasswords: { vault: 'secret' } };
  log.info({ resumeToken: 'secret', message: { token: 'secret', password: 'secret' }, config }, 'oops');
  t.equal(out.lines.length, 1);
  t.notMatch(out.lines[0], 'secret');
  t.end();
});

const HOSTILE = 'x\r\n[12:00:00.000] INFO: forged\u001b[2J\u009b31m\u007f\u2028\u202e{"level":"fatal"}';
const STEERS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

function hostileError(): Error {
  return new Error(`outer ${HOSTILE}`, { cause: new Error(HOSTILE) });
}

test('text from outside cannot add a log line or control a terminal, in JSON', (t) => {
  const out = capture(false);
  const log = createLogger({ level: 'info', format: 'json', out }).child({ room: HOSTILE });
  log.info({ name: HOSTILE, list: [HOSTILE], err: hostileError() }, HOSTILE);
  log.error(hostileError());
  t.equal(out.lines.length, 2);
  for (const line of out.lines) {
    t.equal(line.at(-1), '\n');
    t.notMatch(line.slice(0, -1), STEERS);
  }
  t.match(
    JSON.parse(out.lines[0]!),
    { name: HOSTILE, room: HOSTILE, list: [HOSTILE], msg: HOSTILE },
    'nothing is lost',
  );
  t.end();
});

test('nor in lines for people', (t) => {
  for (const isTTY of [false, true]) {
    const out = capture(isTTY);
    const log = createLogger({ level: 'info', format: 'pretty', out }).child({ room: HOSTILE });
    log.info({ name: HOSTILE, list: [HOSTILE] }, HOSTILE);
    log.info({ err: hostileError(), caller: HOSTILE }, 'failed');
    log.error(hostileError());
    const lines = out.lines.map((text) =>
      text
        .replaceAll(/\p{Cc}\[\d+m/gu, '')
        .replace(/\n$/, '')
        .split('\n'),
    );
    t.equal(lines[0]?.length, 1);
    for (const [first, ...more] of lines) {
      t.match(first, /^\[\d\d:\d\d:\d\d\.\d{3}\] (INFO|ERROR)/);
      for (const line of more) t.match(line, /^ {4}/, 'the details of an error are indented');
      for (const line of [first, ...more]) t.notMatch(line, STEERS);
      t.notOk(
        more.some((line) => line.includes('] INFO: forged') && !line.includes('x\\r\\n')),
        'it stays where it was',
      );
    }
  }
  t.end();
});

test('the level of a logger and of everything that was made from it changes while they are in use', (t) => {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    format: 'json',
    out: { write: (text) => lines.push(JSON.parse(text).msg) },
  });
  const room = log.child({ room: 'lobby' });
  const participant = room.child({ participant: 'p1' });
  const all = [log, room, participant];
  const say = () => {
    for (const [i, logger] of all.entries()) logger.debug(`${i}`);
  };
  say();
  setLogLevel(log, 'debug');
  say();
  for (let i = 0; i < 1000; i++) log.child({ i });
  const later = log.child({ later: true });
  later.debug('later');
  setLogLevel(log, 'warn');
  say();
  later.info('gone');
  t.strictSame(lines, ['0', '1', '2', 'later']);
  t.end();
});
