import { test } from 'tap';
import { createLogger } from '../../src/lib/log.ts';

function capture(isTTY: boolean) {
  const lines: string[] = [];
  return { isTTY, lines, write: (text: string) => lines.push(text) };
}

test('lines are JSON where no terminal is, with time, level by name and bound fields', (t) => {
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

test('lines are for people on a terminal, one line each, unless json is asked for', (t) => {
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

test('lines below the level are not written, secrets never', (t) => {
  const out = capture(false);
  const log = createLogger({ level: 'info', format: 'json', out });
  log.debug('sdp');
  const config = { tokenSecret: 'secret', roomPasswords: { vault: 'secret' } };
  log.info({ resumeToken: 'secret', message: { token: 'secret', password: 'secret' }, config }, 'oops');
  t.equal(out.lines.length, 1);
  t.notMatch(out.lines[0], 'secret');
  t.end();
});
