import { test } from 'tap';
import { type HoldBinding, type HoldSources, nextBinding, watchHold } from '../../web/sdk/push-to-talk.ts';
import { FakeBrowser } from './fake-browser.ts';

function setUp() {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { hidden: false });
  const browser = new FakeBrowser();
  const buttons = Array.from({ length: 4 }, () => ({ pressed: false, touched: false, value: 0 }));
  const sources: HoldSources = {
    window,
    document,
    gamepads: () => [null, { buttons }],
    setTimer: browser.environment.setTimer,
  };
  const told: boolean[] = [];
  const hold = (binding: HoldBinding) => watchHold(binding, (isHeld) => told.push(isHeld), sources);
  const fire = (name: string, fields: object = {}) => {
    const event = Object.assign(new Event(name, { cancelable: true }), fields);
    window.dispatchEvent(event);
    return event;
  };
  return { browser, buttons, document, fire, hold, sources, told };
}

const KEY = { kind: 'key', code: 'KeyV' } as const;

test('a key is held until shortly after it is released', async (t) => {
  const { browser, fire, hold, told } = setUp();
  const stop = hold(KEY);
  fire('keydown', { code: 'KeyX' });
  t.same(told, []);
  t.equal(fire('keydown', { code: 'KeyV' }).defaultPrevented, true);
  fire('keydown', { code: 'KeyV', repeat: true });
  fire('keyup', { code: 'KeyV' });
  await browser.advance(199);
  t.same(told, [true]);
  fire('keydown', { code: 'KeyV' });
  await browser.advance(1000);
  t.same(told, [true], 'pressed again at once, it was not released');
  fire('keyup', { code: 'KeyV' });
  await browser.advance(200);
  t.same(told, [true, false]);
  stop();
  fire('keydown', { code: 'KeyV' });
  t.same(told, [true, false]);
  t.equal(browser.timers, 0);
});

test('nothing stays held that the page cannot see', async (t) => {
  const { document, fire, hold, told } = setUp();
  const stop = hold(KEY);
  for (const lose of [
    () => fire('blur'),
    () => fire('contextmenu'),
    () => {
      document.hidden = true;
      document.dispatchEvent(new Event('visibilitychange'));
      document.hidden = false;
    },
  ]) {
    fire('keydown', { code: 'KeyV' });
    lose();
    t.same(told.splice(0), [true, false]);
  }
  fire('keydown', { code: 'KeyV' });
  stop();
  t.same(told, [true, false], 'nor what nobody watches');
});

test('keys belong to fields while somebody types, and to the browser with a modifier', async (t) => {
  const { fire, hold, told } = setUp();
  hold(KEY);
  for (const modifier of ['ctrlKey', 'metaKey', 'altKey']) fire('keydown', { code: 'KeyV', [modifier]: true });
  t.same(told, []);
});

test('a side button of the mouse is held, and does not go back', async (t) => {
  const { browser, fire, hold, told } = setUp();
  hold({ kind: 'mouse', button: 3 });
  fire('mousedown', { button: 0 });
  fire('mousedown', { button: 3 });
  t.equal(fire('mouseup', { button: 3 }).defaultPrevented, true);
  await browser.advance(200);
  t.same(told, [true, false]);
});

test('a button of any gamepad is held, also without the focus', async (t) => {
  const { browser, buttons, fire, hold, told } = setUp();
  const stop = hold({ kind: 'gamepad', button: 2 });
  Object.assign(buttons[2] ?? {}, { pressed: true });
  await browser.advance(30);
  fire('blur');
  t.same(told, [true]);
  Object.assign(buttons[2] ?? {}, { pressed: false });
  await browser.advance(230);
  t.same(told, [true, false]);
  stop();
  t.equal(browser.timers, 0);
});

test('the next key or button is bound, if it is allowed', async (t) => {
  const { browser, buttons, fire, sources } = setUp();
  const bound: HoldBinding[] = [];
  const next = () =>
    nextBinding(
      (binding) => binding.kind !== 'mouse' || binding.button >= 3,
      (binding) => bound.push(binding),
      sources,
    );
  next();
  fire('mousedown', { button: 0 });
  fire('keydown', { code: 'KeyT' });
  fire('keydown', { code: 'KeyU' });
  next();
  fire('mousedown', { button: 4 });
  Object.assign(buttons[1] ?? {}, { pressed: true });
  next();
  await browser.advance(90);
  t.equal(bound.length, 2, 'a button that was down before does not count');
  Object.assign(buttons[3] ?? {}, { pressed: true });
  await browser.advance(30);
  t.same(bound, [
    { kind: 'key', code: 'KeyT' },
    { kind: 'mouse', button: 4 },
    { kind: 'gamepad', button: 3 },
  ]);
  t.equal(browser.timers, 0);
});
