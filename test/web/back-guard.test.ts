import { test } from 'tap';
import { BackGuard } from '../../web/app/back-guard.ts';

class FakeHistory {
  readonly entries: { state: unknown; path: string }[] = [{ state: null, path: '/' }];
  at = 0;

  get state(): unknown {
    return this.entries[this.at]?.state;
  }

  pushState(state: unknown, _: string, path?: string | URL | null): void {
    this.at += 1;
    this.entries.splice(this.at, Number.POSITIVE_INFINITY, { state, path: String(path) });
  }

  replaceState(state: unknown, _: string, path?: string | URL | null): void {
    this.entries[this.at] = { state, path: String(path) };
  }
}

test('a room has one entry on top of that of the page, however often it is entered', async (t) => {
  const history = new FakeHistory();
  const guard = new BackGuard(history);
  t.equal(guard.isInRoom, false);
  guard.enter('/room/lobby');
  guard.enter('/room/annex');
  t.same(
    history.entries.map(({ path }) => path),
    ['/', '/room/annex'],
  );
  t.equal(new BackGuard(history).isInRoom, true, 'also after a reload');
  history.at = 0;
  t.equal(guard.isInRoom, false, 'Back leads to the page');
  guard.enter('/room/annex');
  t.same([history.entries.length, history.at], [2, 1], 'and whoever stays is where they were');
});
