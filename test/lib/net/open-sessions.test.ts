import { test } from 'tap';
import { OpenSessions } from '../../../src/lib/net/open-sessions.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** A session that ends when it is told to, or only when it is cut off. */
class FakeSession {
  readonly calls: string[] = [];
  readonly #sessions: OpenSessions<FakeSession>;
  readonly #isPolite: boolean;

  constructor(sessions: OpenSessions<FakeSession>, isPolite: boolean) {
    this.#sessions = sessions;
    this.#isPolite = isPolite;
    sessions.add(this);
  }

  close(): void {
    this.calls.push('close');
    if (this.#isPolite) this.#sessions.delete(this);
  }

  terminate(): void {
    this.calls.push('terminate');
    this.#sessions.delete(this);
  }
}

test('closing waits for all sessions, and cuts off those that stay', async (t) => {
  const clock = new FakeClock();
  const sessions = new OpenSessions<FakeSession>(clock);
  const [polite, other] = [new FakeSession(sessions, true), new FakeSession(sessions, false)];
  t.equal(sessions.size, 2);
  let isClosed = false;
  const closed = sessions.close(500).then(() => {
    isClosed = true;
  });
  clock.advance(499);
  await Promise.resolve();
  t.notOk(isClosed);
  clock.advance(1);
  await closed;
  t.same([polite.calls, other.calls], [['close'], ['close', 'terminate']]);
  t.equal(sessions.size, 0);
});

test('closing ends at once without sessions, and with the last one', async (t) => {
  const clock = new FakeClock();
  await new OpenSessions<FakeSession>(clock).close(500);
  const sessions = new OpenSessions<FakeSession>(clock);
  const slow = new FakeSession(sessions, false);
  const closed = sessions.close(500);
  sessions.delete(slow);
  await closed;
  clock.advance(1000);
  t.same(slow.calls, ['close'], 'it is not cut off any more');
});
