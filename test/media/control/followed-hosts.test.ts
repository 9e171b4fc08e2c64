import { test } from 'tap';
import { ADDRESS_LOOK_INTERVAL_MS, AddressWatch } from '../../../src/lib/net/address-watch.ts';
import { FollowedHosts } from '../../../src/media/control/followed-hosts.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const CONSENT_MS = 30_000;

function setUp(...first: readonly string[]) {
  const clock = new FakeClock();
  let found = first;
  const watch = new AddressWatch({ clock, read: () => found });
  let changes = 0;
  const followed = new FollowedHosts({
    watch,
    clock,
    onChange: () => {
      changes += 1;
    },
  });
  const find = (...next: readonly string[]) => {
    found = next;
    clock.advance(ADDRESS_LOOK_INTERVAL_MS);
  };
  const close = () => {
    followed.close();
    watch.close();
  };
  return { clock, followed, find, close, changes: () => changes };
}

test('an address that goes is no longer present, but stays bound while a connection over it may live', (t) => {
  const { clock, followed, find, close, changes } = setUp('192.0.2.1', '127.0.0.1');
  find('192.0.2.2', '127.0.0.1');
  t.strictSame(followed.present, ['192.0.2.2', '127.0.0.1']);
  t.strictSame(followed.hosts, ['192.0.2.2', '127.0.0.1', '192.0.2.1']);
  clock.advance(CONSENT_MS - 1);
  t.strictSame(followed.hosts, ['192.0.2.2', '127.0.0.1', '192.0.2.1']);
  t.equal(changes(), 1);
  clock.advance(1);
  t.strictSame(followed.hosts, ['192.0.2.2', '127.0.0.1']);
  t.equal(changes(), 2);
  close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('an address that comes back is treated as if it never left', (t) => {
  const { clock, followed, find, close } = setUp('192.0.2.1');
  find();
  find('192.0.2.1');
  t.strictSame(followed.hosts, ['192.0.2.1']);
  clock.advance(2 * CONSENT_MS);
  t.strictSame(followed.hosts, ['192.0.2.1']);
  close();
  t.end();
});

test('addresses that go one after another each stay bound for the same time', (t) => {
  const { clock, followed, find, close } = setUp('192.0.2.1', '192.0.2.2', '127.0.0.1');
  find('192.0.2.2', '127.0.0.1');
  find('127.0.0.1');
  clock.advance(CONSENT_MS - ADDRESS_LOOK_INTERVAL_MS);
  t.strictSame(followed.hosts, ['127.0.0.1', '192.0.2.2']);
  clock.advance(ADDRESS_LOOK_INTERVAL_MS);
  t.strictSame(followed.hosts, ['127.0.0.1']);
  close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('however many addresses a machine gains or loses, the bound ones are limited and include loopback', (t) => {
  const many = (network: number) => Array.from({ length: 200 }, (_, i) => `10.0.${network}.${i}`);
  const { followed, find, close } = setUp(...many(0), '127.0.0.1', '::1');
  for (let network = 1; network < 10; network++) {
    find(...many(network), '127.0.0.1', '::1');
    t.ok(followed.hosts.length <= 100, `${followed.hosts.length}`);
    t.strictSame(followed.present.slice(-2), ['127.0.0.1', '::1']);
  }
  close();
  t.end();
});
