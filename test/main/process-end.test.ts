import pino from 'pino';
import { test } from 'tap';
import { ProcessEnd } from '../../src/main/process-end.ts';
import { StartError } from '../../src/server/start-error.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  const codes: number[] = [];
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line).msg) });
  const end = new ProcessEnd({ log, clock, graceMs: 5000, exit: (code) => codes.push(code) });
  let closes = 0;
  let leaving: Promise<void> | undefined;
  let settle = { resolve: () => {}, reject: (_error: Error) => {} };
  const serve = () =>
    end.serves({
      listen: () => Promise.reject(new Error('not here')),
      reload: () => {},
      leave: () => leaving,
      close: () => {
        closes++;
        return new Promise<void>((resolve, reject) => {
          settle = { resolve, reject };
        });
      },
    });
  const leaves = (promise: Promise<void>) => {
    leaving = promise;
  };
  return { clock, codes, logged, end, serve, leaves, closes: () => closes, settle: () => settle };
}

const turn = () => new Promise(setImmediate);

test('a signal closes the server and ends the process with 0', async (t) => {
  const { codes, end, serve, closes, settle } = setUp();
  serve();
  end.signal('SIGTERM');
  t.same([closes(), codes], [1, []]);
  settle().resolve();
  await turn();
  t.same(codes, [0]);
});

test('a signal before there is a server ends the process with 0 at once', (t) => {
  const { codes, end } = setUp();
  end.signal('SIGINT');
  t.same(codes, [0]);
  t.end();
});

test('a drained server is closed and ends the process with 0, once', async (t) => {
  const { codes, end, serve, closes, settle } = setUp();
  serve();
  end.drained();
  end.drained();
  t.equal(closes(), 1);
  settle().resolve();
  await turn();
  t.same(codes, [0]);
});

test('closing that takes longer than the grace time ends with 1, and so does closing that fails', async (t) => {
  const late = setUp();
  late.serve();
  late.end.signal('SIGTERM');
  late.clock.advance(4999);
  t.same(late.codes, []);
  late.clock.advance(1);
  t.same(late.codes, [1]);
  t.match(late.logged.at(-1), /longer than the grace time of 5000 ms/);
  const failing = setUp();
  failing.serve();
  failing.end.signal('SIGTERM');
  failing.settle().reject(new Error('planted'));
  await turn();
  t.same(failing.codes, [1]);
  t.match(failing.logged, ['closing', 'shutting down failed']);
});

test('a second signal ends with 1 at once', (t) => {
  const { codes, end, serve, closes } = setUp();
  serve();
  end.signal('SIGTERM');
  end.signal('SIGTERM');
  t.same(codes, [1]);
  t.equal(closes(), 1);
  t.end();
});

test('a failure closes the server, allows a second for it, and ends with 1 even if closing works', async (t) => {
  const { clock, codes, logged, end, serve, settle } = setUp();
  serve();
  end.fail('uncaught exception', new Error('planted'));
  t.same(codes, []);
  settle().resolve();
  await turn();
  t.same(codes, [1]);
  t.same(logged, ['uncaught exception']);
  const stuck = setUp();
  stuck.serve();
  stuck.end.fail('uncaught exception', new Error('planted'));
  stuck.clock.advance(1000);
  t.same(stuck.codes, [1]);
  clock.advance(1000);
});

test('a failure during the shutdown ends the process at once, and an error at startup is printed as a sentence', (t) => {
  const { codes, logged, end, serve } = setUp();
  serve();
  end.signal('SIGTERM');
  end.fail('uncaught exception', new Error('planted'));
  t.same(codes, [1]);
  const other = setUp();
  other.end.fail('the server did not start', new StartError('Port 1 is in use.', null));
  t.same(other.logged, ['Port 1 is in use.']);
  t.same(other.codes, [1]);
  t.same(logged, ['closing', 'uncaught exception']);
  t.end();
});

test('rooms move to other servers before the grace time begins, but not after a failure', async (t) => {
  const { clock, codes, end, serve, leaves, closes, settle } = setUp();
  serve();
  let left = () => {};
  leaves(
    new Promise((resolve) => {
      left = resolve;
    }),
  );
  end.signal('SIGTERM');
  end.drained();
  clock.advance(8000);
  await turn();
  t.same([closes(), codes], [0, []]);
  left();
  await turn();
  t.equal(closes(), 1);
  clock.advance(4999);
  settle().resolve();
  await turn();
  t.same(codes, [0]);

  const failing = setUp();
  failing.serve();
  failing.leaves(new Promise(() => {}));
  failing.end.fail('uncaught exception', new Error('planted'));
  t.equal(failing.closes(), 1, 'participants are told at once');

  const stuck = setUp();
  stuck.serve();
  stuck.leaves(Promise.reject(new Error('planted')));
  stuck.end.signal('SIGTERM');
  await turn();
  t.equal(stuck.closes(), 1, 'whatever happens meanwhile');
});
