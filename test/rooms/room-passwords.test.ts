import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { PacedQueue } from '../../src/rooms/paced-queue.ts';
import {
  formatPasswordHash,
  hashPassword,
  isPasswordOf,
  type PasswordCost,
  parsePasswordHash,
} from '../../src/rooms/password-hash.ts';
import { RoomPasswords } from '../../src/rooms/room-passwords.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const always = () => true;
/** Next to nothing. */
const CHEAP: PasswordCost = { logN: 10, r: 1, p: 1 };

async function outcome(checked: Promise<unknown>): Promise<string> {
  try {
    await checked;
    return 'right';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

test('a hash matches one password, differs every time, and survives being written down', async (t) => {
  const [one, two] = await Promise.all([hashPassword('open sesame', CHEAP), hashPassword('open sesame', CHEAP)]);
  t.match(await hashPassword('open sesame'), { logN: 15, r: 8, p: 1 }, 'usually an attempt takes 32 MiB');
  const read = parsePasswordHash(formatPasswordHash(one));
  t.strictSame(read, one);
  t.notSame(formatPasswordHash(one), formatPasswordHash(two));
  t.equal(await isPasswordOf(one, 'open sesame'), true);
  t.equal(await isPasswordOf(one, 'open sesame '), false);
  t.notMatch(formatPasswordHash(one), /[$,=\s]/, 'no shell, list or variable changes it');
});

test('a configured password longer than clients may send is refused at startup', (t) => {
  t.throws(() => new RoomPasswords({ vault: 'x'.repeat(257) }, new FakeClock()), {
    message: /vault is longer than 256/,
  });
  new RoomPasswords({ vault: 'x'.repeat(256) }, new FakeClock()).close();
  t.end();
});

test('clients who cause much delay lock out themselves, not others', async (t) => {
  const clock = new FakeClock();
  const queue = new PacedQueue({ clock, intervalMs: 100, maxShare: 1, maxWaiting: 4 });
  t.teardown(() => queue.close());
  const done: string[] = [];
  const ask = (who: string, from: string) =>
    queue
      .run(async () => done.push(who), always, from)
      .then(
        () => {},
        ({ code }: AppError) => done.push(`${who} ${code}`),
      );
  // The first begins at once, and four wait.
  const asked = ['e1', 'e2', 'e3', 'e4', 'e5', 'e6'].map((who) => ask(who, 'eve'));
  asked.push(ask('a1', 'ada'), ask('b1', 'ben'));
  for (let tick = 0; tick < 6; tick++) {
    for (let count = 0; count < 10; count++) await turn();
    clock.advance(100);
  }
  await Promise.all(asked);
  t.strictSame(done.filter((who) => who.includes(' ')).sort(), ['e4 server_busy', 'e5 server_busy', 'e6 server_busy']);
  t.strictSame(
    done.filter((who) => !who.includes(' ')),
    ['e1', 'e2', 'a1', 'b1', 'e3'],
  );
});

test('a hashed password is checked with scrypt once, and from then on without it', async (t) => {
  const clock = new FakeClock();
  const passwords = new RoomPasswords({ vault: formatPasswordHash(await hashPassword('caf\u00e9', CHEAP)) }, clock);
  t.teardown(() => passwords.close());
  t.equal(await outcome(passwords.check('vault', 'cafe\u0301', always)), 'right', 'in any Unicode composition');
  t.equal(
    await outcome(passwords.check('vault', 'café', always)),
    'right',
    'the clock stands still, so no second check was needed',
  );
  t.equal(clock.pendingTimers, 0);
  t.equal(await outcome(passwords.check('elsewhere', undefined, always)), 'right', 'a room without a password');
});

test('a correct password does not wait behind guesses, and too many guesses are turned away', async (t) => {
  const clock = new FakeClock();
  const passwords = new RoomPasswords({ vault: 'open sesame' }, clock, CHEAP);
  t.teardown(() => passwords.close());
  const guesses = Array.from({ length: 40 }, (_, index) => outcome(passwords.check('vault', `guess ${index}`, always)));
  t.equal(await outcome(passwords.check('vault', 'open sesame', always)), 'right');
  const settled: string[] = [];
  for (const guess of guesses) void guess.then((code) => settled.push(code));
  await turn();
  t.strictSame([...new Set(settled)], ['server_busy']);
  t.equal(settled.length, 15, 'one is tried, 24 wait');
  const startMs = clock.now();
  while (settled.length < guesses.length) {
    // What it costs is small against the pauses.
    await sleep(1);
    clock.advance(20);
  }
  t.equal(settled.filter((code) => code === 'wrong_password').length, 25);
  t.ok(clock.now() - startMs >= 24 * 300, `${clock.now() - startMs} ms for 25 guesses`);
});

test('tasks run one at a time with a pause in between, in order, and not for clients that have left', async (t) => {
  const clock = new FakeClock();
  const queue = new PacedQueue({ clock, intervalMs: 100, maxShare: 0.25, maxWaiting: 3 });
  const started: number[] = [];
  const finish: (() => void)[] = [];
  const gone = new Set<number>();
  const run = (id: number) =>
    outcome(
      queue.run(
        () => {
          started.push(id);
          return new Promise<void>((resolve) => finish.push(resolve));
        },
        () => !gone.has(id),
      ),
    );
  const outcomes = [1, 2, 3, 4].map(run);
  t.equal(await run(5), 'server_busy');
  gone.add(2);
  const sixth = run(6);
  t.equal(await outcomes[1], 'not_joined', 'makes room for another');
  t.strictSame(started, [1]);
  clock.advance(500);
  t.strictSame(started, [1], 'the first is not done');
  finish[0]?.();
  t.equal(await outcomes[0], 'right');
  await turn();
  t.strictSame(started, [1], 'it took 500 ms, so there is a pause of three times as long');
  clock.advance(1499);
  t.strictSame(started, [1]);
  clock.advance(1);
  t.strictSame(started, [1, 3]);
  finish[1]?.();
  await turn();
  clock.advance(99);
  t.strictSame(started, [1, 3]);
  clock.advance(1);
  t.strictSame(started, [1, 3, 4]);
  queue.close();
  queue.close();
  t.equal(await sixth, 'server_closing');
  t.equal(await run(7), 'server_closing');
  finish[2]?.();
  t.equal(await outcomes[3], 'right', 'a running task continues');
  t.equal(clock.pendingTimers, 0);
});

test('a task that fails does not stop the next', async (t) => {
  const clock = new FakeClock();
  const queue = new PacedQueue({ clock, intervalMs: 0, maxShare: 1, maxWaiting: 3 });
  t.teardown(() => queue.close());
  await t.rejects(
    queue.run(() => Promise.reject(new Error('planted')), always),
    { message: 'planted' },
  );
  t.equal(await queue.run(async () => 7, always), 7);
});
