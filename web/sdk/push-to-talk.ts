/** What is held down: a key by `KeyboardEvent.code`, a button of the mouse (3 and 4 are at its side) or of any gamepad. */
export type HoldBinding =
  | { readonly kind: 'key'; readonly code: string }
  | { readonly kind: 'mouse'; readonly button: number }
  | { readonly kind: 'gamepad'; readonly button: number };

/** The parts of the browser that tell what is held down. */
export interface HoldSources {
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  readonly document: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly hidden: boolean };
  readonly gamepads: () => readonly (Pick<Gamepad, 'buttons'> | null)[];
  /** Calls back once after `delayMs`. Returns a function that cancels it. */
  readonly setTimer: (delayMs: number, callback: () => void) => () => void;
}

/** People let go before their last word has ended. */
const RELEASE_MS = 200;
/** Browsers have no events for the buttons of gamepads. */
const GAMEPAD_INTERVAL_MS = 30;

/** Before anything else on the page. */
const FIRST = { capture: true } as const;

/**
 * Calls back when what is bound is pressed, and shortly after it is released. Nothing stays held that the page cannot
 * see: it counts as released when the page loses the focus or is hidden, except for gamepads, which a page sees without the
 * focus. Fields take keys for themselves. Returns a function that stops this, and releases.
 */
export function watchHold(
  binding: HoldBinding,
  onHold: (isHeld: boolean) => void,
  sources: HoldSources = browserSources(),
): () => void {
  let isHeld = false;
  let cancelRelease = () => {};
  const press = () => {
    cancelRelease();
    if (isHeld) return;
    isHeld = true;
    onHold(true);
  };
  const releaseNow = () => {
    cancelRelease();
    if (!isHeld) return;
    isHeld = false;
    onHold(false);
  };
  const release = () => {
    cancelRelease();
    if (isHeld) cancelRelease = sources.setTimer(RELEASE_MS, releaseNow);
  };
  const stopWatching =
    binding.kind === 'gamepad'
      ? watchGamepads(binding.button, press, release, sources)
      : watchEvents(binding, press, release, releaseNow, sources);
  const onVisibility = () => {
    if (sources.document.hidden) releaseNow();
  };
  sources.document.addEventListener('visibilitychange', onVisibility);
  return () => {
    stopWatching();
    sources.document.removeEventListener('visibilitychange', onVisibility);
    releaseNow();
  };
}

/** The binding of the next key or button that is pressed, for settings. Returns a function that stops waiting. */
export function nextBinding(
  isAllowed: (binding: HoldBinding) => boolean,
  onBinding: (binding: HoldBinding) => void,
  sources: HoldSources = browserSources(),
): () => void {
  const before = pressedButtons(sources);
  let cancelPoll = () => {};
  const take = (binding: HoldBinding, event?: Event) => {
    if (!isAllowed(binding)) return;
    event?.preventDefault();
    event?.stopPropagation();
    stop();
    onBinding(binding);
  };
  const onKey = (event: Event) => take({ kind: 'key', code: (event as KeyboardEvent).code }, event);
  const onMouse = (event: Event) => take({ kind: 'mouse', button: (event as MouseEvent).button }, event);
  const poll = () => {
    const [button] = [...pressedButtons(sources)].filter((pressed) => !before.has(pressed));
    cancelPoll = sources.setTimer(GAMEPAD_INTERVAL_MS, poll);
    if (button !== undefined) take({ kind: 'gamepad', button });
  };
  const stop = () => {
    cancelPoll();
    sources.window.removeEventListener('keydown', onKey, FIRST);
    sources.window.removeEventListener('mousedown', onMouse, FIRST);
  };
  sources.window.addEventListener('keydown', onKey, FIRST);
  sources.window.addEventListener('mousedown', onMouse, FIRST);
  poll();
  return stop;
}

function watchEvents(
  binding: Exclude<HoldBinding, { kind: 'gamepad' }>,
  press: () => void,
  release: () => void,
  releaseNow: () => void,
  { window }: HoldSources,
): () => void {
  const isIt = (event: Event) =>
    binding.kind === 'key'
      ? (event as KeyboardEvent).code === binding.code
      : (event as MouseEvent).button === binding.button;
  const onDown = (event: Event) => {
    if (!isIt(event)) return;
    if (binding.kind === 'key') {
      const { ctrlKey, metaKey, altKey, repeat } = event as KeyboardEvent;
      if (ctrlKey || metaKey || altKey || takesKeys(event.target)) return;
      // A key like Space would also scroll, or press the button that has the focus.
      event.preventDefault();
      if (repeat) return;
    } else event.preventDefault();
    press();
  };
  const onUp = (event: Event) => {
    if (!isIt(event)) return;
    // The side buttons of a mouse mean Back and Forward.
    if (binding.kind === 'mouse') event.preventDefault();
    release();
  };
  const [down, up] = binding.kind === 'key' ? ['keydown', 'keyup'] : ['mousedown', 'mouseup'];
  const listeners: readonly (readonly [string, (event: Event) => void])[] = [
    [down, onDown],
    [up, onUp],
    ['blur', releaseNow],
    ['contextmenu', releaseNow],
  ];
  for (const [name, listener] of listeners) window.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of listeners) window.removeEventListener(name, listener);
  };
}

function watchGamepads(button: number, press: () => void, release: () => void, sources: HoldSources): () => void {
  let wasPressed = false;
  let cancel = () => {};
  const poll = () => {
    const isPressed = pressedButtons(sources).has(button);
    if (isPressed !== wasPressed) (isPressed ? press : release)();
    wasPressed = isPressed;
    cancel = sources.setTimer(GAMEPAD_INTERVAL_MS, poll);
  };
  poll();
  return () => cancel();
}

function pressedButtons({ gamepads }: HoldSources): ReadonlySet<number> {
  const pressed = new Set<number>();
  for (const gamepad of gamepads())
    for (const [index, button] of (gamepad?.buttons ?? []).entries()) if (button.pressed) pressed.add(index);
  return pressed;
}

function takesKeys(target: EventTarget | null): boolean {
  const { closest } = (target ?? {}) as Partial<Element>;
  return closest?.call(target, 'input, select, textarea, [contenteditable]') != null;
}

function browserSources(): HoldSources {
  return {
    window: globalThis.window,
    document: globalThis.document,
    gamepads: () => globalThis.navigator.getGamepads?.() ?? [],
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
