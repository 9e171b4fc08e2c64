import { test } from 'tap';
import { createLogger } from '../../src/lib/log.ts';
import { LossyOutput } from '../../src/lib/log-output.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

/** An output that accepts `room` more bytes and then fails with `code`. */
function setUp({ room = Number.POSITIVE_INFINITY, code = 'EAGAIN' } = {}) {
  const clock = new FakeClock();
  const state = { room, code, text: '' };
  const write = (bytes: Uint8Array): number => {
    const length = Math.min(bytes.length, state.room);
    if (length === 0) throw Object.assign(new Error(state.code), { code: state.code });
    state.room -= length;
    state.text += Buffer.from(bytes.subarray(0, length)).toString();
    return length;
  };
  const output = new LossyOutput({ write, isTTY: false, clock });
  return { clock, output, state };
}

test('output that a slow reader does not take at once arrives later, whole and in order', (t) => {
  const { clock, output, state } = setUp({ room: 5 });
  output.write('one\n');
  output.write('two\n');
  output.write('three\n');
  t.equal(state.text, 'one\nt');
  state.room = 2;
  clock.advance(100);
  t.equal(state.text, 'one\ntwo');
  state.room = 100;
  output.write('four\n');
  clock.advance(100);
  t.equal(state.text, 'one\ntwo\nthree\nfour\n');
  t.equal(output.takeLost(), 0);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('for a reader that never reads, memory is bounded and dropped lines are counted', (t) => {
  const { clock, output, state } = setUp({ room: 0 });
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 1000; i++) output.write(line);
  t.equal(output.takeLost(), 0, 'not reported while it cannot be written');
  t.equal(clock.pendingTimers, 1);
  state.room = Number.POSITIVE_INFINITY;
  clock.advance(100);
  const written = state.text.length / line.length;
  t.ok(written > 100 && written < 300, `${written} lines were kept`);
  t.equal(output.takeLost(), 1000 - written);
  t.equal(output.takeLost(), 0, 'reported once');
  t.end();
});

for (const code of ['ENOSPC', 'EPIPE', 'EIO', 'EFBIG', 'EBADF']) {
  test(`with ${code}, lines are lost and counted, and a line never starts after part of another`, (t) => {
    const { output, state } = setUp({ room: 6, code });
    const log = createLogger({ level: 'info', format: 'json', out: output });
    output.write('one\n');
    output.write('torn\n');
    for (let i = 0; i < 5; i++) log.info('lost');
    state.room = 1000;
    log.info('again');
    const [first, torn, again, told, ...more] = state.text.split('\n');
    t.strictSame([first, torn, more], ['one', 'to', ['']]);
    t.match(JSON.parse(again!), { msg: 'again' });
    t.match(JSON.parse(told!), { level: 'warn', lines: 6, msg: /lost/ });
    log.info('and on');
    t.match(state.text, /and on/);
    t.equal(state.text.match(/were lost/g)?.length, 1);
    t.end();
  });
}
