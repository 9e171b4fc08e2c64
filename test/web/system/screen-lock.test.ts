import { test } from 'tap';
import { ScreenLock, type ScreenSources } from '../../../web/app/system/screen-lock.ts';

/** A browser that counts its locks, and drops them when the page is hidden. */
class FakeScreen {
  readonly locks = new Set<EventTarget>();
  requests = 0;
  isRefusing = false;
  readonly #page = new EventTarget();
  visibilityState: DocumentVisibilityState = 'visible';

  readonly sources = {
    document: {
      addEventListener: (type: string, listener: EventListener) => this.#page.addEventListener(type, listener),
      get visibilityState() {
        return screen().visibilityState;
      },
    },
    wakeLock: { request: () => this.#request() },
  } as unknown as ScreenSources;

  constructor() {
    current = this;
  }

  show(isVisible: boolean): void {
    this.visibilityState = isVisible ? 'visible' : 'hidden';
    if (!isVisible) for (const lock of [...this.locks]) this.#drop(lock);
    this.#page.dispatchEvent(new Event('visibilitychange'));
  }

  async #request(): Promise<unknown> {
    this.requests++;
    if (this.isRefusing) throw new DOMException('low battery', 'NotAllowedError');
    const lock = Object.assign(new EventTarget(), { release: async () => this.#drop(lock) });
    this.locks.add(lock);
    return lock;
  }

  #drop(lock: EventTarget): void {
    if (this.locks.delete(lock)) lock.dispatchEvent(new Event('release'));
  }
}

let current: FakeScreen;
const screen = () => current;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the screen stays on from the beginning of a call to its end', async (t) => {
  const fake = new FakeScreen();
  const lock = new ScreenLock(fake.sources);
  await settled();
  t.equal(fake.requests, 0);
  lock.keepOn(true);
  lock.keepOn(true);
  await settled();
  t.same([fake.locks.size, fake.requests], [1, 1]);
  lock.keepOn(false);
  await settled();
  t.equal(fake.locks.size, 0);
});

test('a call that ends at once leaves no lock behind', async (t) => {
  const fake = new FakeScreen();
  const lock = new ScreenLock(fake.sources);
  lock.keepOn(true);
  lock.keepOn(false);
  await settled();
  t.equal(fake.locks.size, 0);
});

test('a page that comes back asks again', async (t) => {
  const fake = new FakeScreen();
  const lock = new ScreenLock(fake.sources);
  lock.keepOn(true);
  await settled();
  fake.show(false);
  await settled();
  t.equal(fake.locks.size, 0);
  fake.show(true);
  await settled();
  t.same([fake.locks.size, fake.requests], [1, 2]);
  lock.keepOn(false);
  await settled();
  fake.show(false);
  fake.show(true);
  await settled();
  t.same([fake.locks.size, fake.requests], [0, 2], 'but not after the call');
});

test('a refusal is no problem, and the next chance is taken', async (t) => {
  const fake = new FakeScreen();
  const lock = new ScreenLock(fake.sources);
  fake.isRefusing = true;
  lock.keepOn(true);
  await settled();
  fake.isRefusing = false;
  fake.show(true);
  await settled();
  t.equal(fake.locks.size, 1);
  new ScreenLock({ ...fake.sources, wakeLock: undefined }).keepOn(true);
});
