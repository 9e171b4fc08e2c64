import { test } from 'tap';
import { ADDRESS_LOOK_INTERVAL_MS, AddressWatch } from '../../../src/lib/net/address-watch.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  let found: readonly string[] | Error = ['127.0.0.1'];
  const read = () => {
    if (found instanceof Error) throw found;
    return found;
  };
  const watch = new AddressWatch({ clock, read });
  const told: (readonly string[])[] = [];
  const cancel = watch.onChange((addresses) => told.push(addresses));
  const find = (next: readonly string[] | Error) => {
    found = next;
    clock.advance(ADDRESS_LOOK_INTERVAL_MS);
  };
  return { clock, watch, told, cancel, find };
}

test('addresses that come and go are reported, each change once', (t) => {
  const { clock, watch, told, find } = setUp();
  t.strictSame(watch.current, ['127.0.0.1']);
  clock.advance(10 * ADDRESS_LOOK_INTERVAL_MS);
  t.strictSame(told, []);
  find(['192.168.1.5', '127.0.0.1']);
  clock.advance(10 * ADDRESS_LOOK_INTERVAL_MS);
  find(['192.168.1.9', '127.0.0.1']);
  find(['127.0.0.1']);
  t.strictSame(told, [['192.168.1.5', '127.0.0.1'], ['192.168.1.9', '127.0.0.1'], ['127.0.0.1']]);
  t.strictSame(watch.current, ['127.0.0.1']);
  watch.close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a system that briefly reports no addresses has not lost them', (t) => {
  const { watch, told, find } = setUp();
  find(['192.168.1.5']);
  find(new Error('EMFILE'));
  t.strictSame(watch.current, ['192.168.1.5']);
  find(['192.168.1.5']);
  t.strictSame(told, [['192.168.1.5']]);
  watch.close();
  t.end();
});

test('a removed listener is no longer called', (t) => {
  const { watch, told, cancel, find } = setUp();
  cancel();
  find(['192.168.1.5']);
  t.strictSame(told, []);
  watch.close();
  t.end();
});

test('a listener may close the watch', (t) => {
  const { clock, watch, find } = setUp();
  watch.onChange(() => watch.close());
  find([]);
  t.equal(clock.pendingTimers, 0);
  t.end();
});
