import { test } from 'tap';
import { type NetworkSources, watchNetwork } from '../../web/sdk/network-watch.ts';

class Source {
  readonly listeners = new Map<string, EventListenerOrEventListenerObject>();
  visibilityState = 'visible';
  type: string | undefined = 'wifi';

  addEventListener(name: string, listener: EventListenerOrEventListenerObject | null): void {
    if (listener !== null) this.listeners.set(name, listener);
  }

  removeEventListener(name: string, listener: EventListenerOrEventListenerObject | null): void {
    if (this.listeners.get(name) === listener) this.listeners.delete(name);
  }

  tell(name: string): void {
    (this.listeners.get(name) as (() => void) | undefined)?.();
  }
}

function setUp() {
  const told: string[] = [];
  const listener = {
    networkChanged: () => void told.push('changed'),
    checkConnection: () => void told.push('check'),
  };
  return { told, listener, window: new Source(), document: new Source(), connection: new Source() };
}

test('a client is notified of another network and of a page that wakes up', (t) => {
  const { told, listener, window, document, connection } = setUp();
  const stop = watchNetwork(listener, { window, document, connection });
  window.tell('online');
  connection.tell('change');
  for (const type of ['cellular', 'none', 'none']) {
    connection.type = type;
    connection.tell('change');
  }
  document.tell('visibilitychange');
  window.tell('pageshow');
  document.tell('resume');
  t.same(told.splice(0), ['changed', 'changed', 'check', 'check', 'check'], 'not of estimates or a missing network');
  document.visibilityState = 'hidden';
  document.tell('visibilitychange');
  t.same(told, [], 'a hidden page has not woken up');
  stop();
  for (const source of [window, document, connection]) t.equal(source.listeners.size, 0);
  t.end();
});

test('a browser with fewer events is not an error', (t) => {
  const { told, listener, window } = setUp();
  const sources: NetworkSources = { window, document: undefined, connection: undefined };
  const stop = watchNetwork(listener, sources);
  window.tell('pageshow');
  t.same(told, ['check']);
  stop();
  t.end();
});
