import { test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import { SlotAddresses, type SlotAddressesOptions } from '../../../src/media/control/slot-addresses.ts';

const bound = (address: string) => ({ protocol: 'udp', family: 4, address, port: 40_000 }) as const;

function setUp(present: readonly string[] | undefined, hideLoopback = false) {
  const announcement = { addresses: [] };
  const followed = present === undefined ? undefined : { present };
  return new SlotAddresses({ index: 0, hideLoopback, announcement, followed } as unknown as SlotAddressesOptions);
}

test('browsers are told the bound addresses that are still there', (t) => {
  const places = setUp(['10.0.0.1', '127.0.0.1']);
  places.set([bound('10.0.0.1'), bound('10.0.0.2'), bound('127.0.0.1')]);
  const told = (made: { sdp: string; address: string; isRemote?: boolean }) =>
    places.candidatesFor(made).map(({ address }) => address);
  t.same(places.candidates.map(({ address }) => address).sort(), ['10.0.0.1', '127.0.0.1']);
  t.same(told({ sdp: '', address: '' }).sort(), ['10.0.0.1', '127.0.0.1']);
  t.same(told({ sdp: '', address: '', isRemote: true }), ['10.0.0.1']);
  t.equal(places.bound.length, 3);
  const hidden = setUp(undefined, true);
  hidden.set([bound('10.0.0.1'), bound('127.0.0.1')]);
  t.same(
    hidden.candidates.map(({ address }) => address),
    ['10.0.0.1'],
  );
  t.end();
});

test('who can reach no address is told so', (t) => {
  const places = setUp(undefined);
  places.set([bound('127.0.0.1')]);
  try {
    places.candidatesFor({ sdp: '', address: '', isRemote: true });
    t.fail('nothing was thrown');
  } catch (error) {
    t.equal(toAppError(error).code, 'media_unavailable');
  }
  t.end();
});

test('an address counts as unbound while the machine has it', (t) => {
  const unbound = ['10.0.0.1', '10.0.0.2'].map((address) => ({ address, reason: 'in use' }));
  for (const [present, expected] of [
    [['10.0.0.2'], ['10.0.0.2']],
    [undefined, []],
  ] as const) {
    const places = setUp(present);
    places.set([], unbound as never);
    t.same(
      places.unbound.map(({ address }) => address),
      expected,
    );
    places.set([]);
    t.same(places.unbound, []);
  }
  t.end();
});
