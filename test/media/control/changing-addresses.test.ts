import { pino } from 'pino';
import { type Test, test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import { ADDRESS_LOOK_INTERVAL_MS, AddressWatch } from '../../../src/lib/net/address-watch.ts';
import type { MediaHost, MediaHostEvents } from '../../../src/media/control/host.ts';
import { openMediaPlane } from '../../../src/media/control/media-plane.ts';
import type { MediaCommand } from '../../../src/media/link/messages.ts';
import type { MediaPlaneOptions, WebRtcOffer, WebRtcSeat } from '../../../src/media/plane.ts';
import type { MediaAddress, UnboundAddress } from '../../../src/rtc/net/datagram-port.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { AUDIO_OFFER } from '../../helpers/offer.ts';

const PORT = 40_000;

/** A worker that binds what it is asked to, except the addresses in `refused`. */
class FakeHost implements MediaHost {
  readonly addresses: readonly MediaAddress[];
  readonly asked: (readonly string[])[] = [];
  readonly events: MediaHostEvents;
  readonly #refused: ReadonlySet<string>;
  readonly #port: number;

  constructor(first: readonly string[], port: number, refused: ReadonlySet<string>, events: MediaHostEvents) {
    this.#port = port;
    this.#refused = refused;
    this.addresses = first.map((address) => this.#at(address));
    this.events = events;
  }

  #at(address: string): MediaAddress {
    return { protocol: 'udp', family: address.includes(':') ? 6 : 4, address, port: this.#port };
  }

  post(command: MediaCommand): void {
    if (command.type !== 'follow_hosts') return;
    this.asked.push(command.hosts);
    const addresses = command.hosts.filter((host) => !this.#refused.has(host)).map((host) => this.#at(host));
    const unbound: UnboundAddress[] = command.hosts
      .filter((host) => this.#refused.has(host))
      .map((address) => ({ protocol: 'udp', address, port: this.#port, reason: 'the port is in use' }));
    this.events.event({ type: 'addresses', addresses, unbound });
  }

  tickAgeMs(): number {
    return 5;
  }

  acceptTcp(): never {
    throw new Error('there is no TCP here');
  }

  async close(): Promise<void> {}
}

async function setUp(t: Test, first: readonly string[], given: Partial<MediaPlaneOptions> = {}) {
  const clock = new FakeClock();
  let found = first;
  const watch = new AddressWatch({ clock, read: () => found });
  const refused = new Set<string>();
  const hosts: FakeHost[] = [];
  const lines: { msg: string; candidates?: string[] }[] = [];
  const options: MediaPlaneOptions = {
    workers: 1,
    hosts: [],
    watch,
    port: PORT,
    tcp: false,
    announce: [],
    hideLoopback: true,
    spanLoad: 0.6,
    mix: { maxTalkers: 8, levelling: false },
    sdpLimits: { maxBytes: 16_384, maxLines: 300 },
    workerEntry: new URL('file:///none'),
    clock,
    log: pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    ...given,
  };
  const plane = await openMediaPlane(options, async (place, index) => {
    const bound = place.hosts.length > 0 ? place.hosts : found.filter((address) => !refused.has(address));
    const host = new FakeHost(bound, PORT + index, refused, place.events);
    hosts[index] = host;
    return host;
  });
  const close = async () => {
    watch.close();
    await plane.close();
  };
  t.teardown(close);
  const find = (...next: readonly string[]) => {
    found = next;
    clock.advance(ADDRESS_LOOK_INTERVAL_MS);
  };
  const room = plane.openRoom({ levels: () => {} });
  const connect = (offer: Partial<WebRtcOffer> = {}): WebRtcSeat =>
    room.connectWebRtc(
      { sdp: AUDIO_OFFER, address: '', ...offer },
      {
        state: { muted: false, deafened: false, hearing: [] },
        events: { connected: () => {}, silent: () => {}, closed: () => {} },
      },
    );
  return { clock, plane, refused, hosts, lines, find, connect, close };
}

function addressesIn(answer: string): string[] {
  return [...answer.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) /gm)].map(([, address]) => address!);
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return toAppError(error).code;
  }
}

test('newcomers and ICE restarts get the current addresses', async (t) => {
  const { lines, find, connect } = await setUp(t, ['127.0.0.1']);
  t.strictSame(addressesIn(connect().answer), ['127.0.0.1'], 'on this machine there is a way to it');
  find('192.168.1.5', '127.0.0.1');
  const seat = connect({ isRemote: true });
  t.strictSame(addressesIn(seat.answer), ['192.168.1.5']);
  find('192.168.1.9', '2001:db8::9', '127.0.0.1');
  t.strictSame(addressesIn(connect().answer), ['192.168.1.9', '2001:db8::9']);
  const sdp = AUDIO_OFFER.replace(/^(a=ice-ufrag:).*$/m, '$1another');
  t.strictSame(addressesIn(seat.restart({ sdp, address: '', isRemote: true })), ['192.168.1.9', '2001:db8::9']);
  t.match(lines.map(({ msg, candidates }) => [msg, candidates?.[0]]).slice(-1), [
    ['media addresses changed', 'udp 192.168.1.9:40000'],
  ]);
});

test('a client from the network is never sent to loopback, and can join once there is an address', async (t) => {
  const { find, connect } = await setUp(t, ['127.0.0.1', '::1']);
  t.equal(
    codeOf(() => connect({ isRemote: true })),
    'media_unavailable',
  );
  find('192.168.1.5', '127.0.0.1', '::1');
  const seat = connect({ isRemote: true });
  t.strictSame(addressesIn(seat.answer), ['192.168.1.5']);
  find('127.0.0.1', '::1');
  t.equal(
    codeOf(() => seat.restart({ sdp: AUDIO_OFFER, address: '', isRemote: true })),
    'media_unavailable',
  );

  const local = await setUp(t, ['192.168.1.5', '127.0.0.1'], { hideLoopback: false });
  t.strictSame(addressesIn(local.connect().answer), ['192.168.1.5', '127.0.0.1'], 'the page is on loopback');
  t.strictSame(addressesIn(local.connect({ isRemote: true }).answer), ['192.168.1.5'], 'but they come through a proxy');
});

test('the media plane reports having only loopback, and any address it cannot bind', async (t) => {
  const { plane, refused, find, hosts, clock, close } = await setUp(t, ['127.0.0.1']);
  t.match(plane.reach(), { isLoopbackOnly: true, unbound: [], candidates: ['udp 127.0.0.1:40000'] });
  refused.add('192.168.1.5');
  find('192.168.1.5', '127.0.0.1');
  t.match(plane.reach(), {
    isLoopbackOnly: true,
    unbound: [{ address: '192.168.1.5', port: 40_000, reason: 'the port is in use' }],
  });
  const before = hosts[0]!.asked.length;
  clock.advance(60_000);
  t.ok(hosts[0]!.asked.length >= before + 10, 'it is retried again and again');
  refused.clear();
  clock.advance(3000);
  t.strictSame(plane.reach(), { isLoopbackOnly: false, unbound: [], candidates: ['udp 192.168.1.5:40000'] });
  const tries = hosts[0]!.asked.length;
  clock.advance(60_000);
  t.equal(hosts[0]!.asked.length, tries, 'and then no more');
  refused.add('192.168.1.6');
  find('192.168.1.6', '127.0.0.1');
  find('127.0.0.1');
  t.strictSame(plane.reach().unbound, [], 'an address that is gone is not reported as missing');
  await close();
  t.equal(clock.pendingTimers, 0);
});

test('a replacement worker gets the current addresses', async (t) => {
  const { hosts, find, clock, plane } = await setUp(t, ['192.168.1.5'], { workers: 2 });
  hosts[1]!.events.died('planted');
  find('192.168.1.9');
  t.strictSame(plane.reach().candidates, ['udp 192.168.1.9:40000']);
  clock.advance(5000);
  await new Promise(setImmediate);
  t.strictSame(plane.reach().candidates, ['udp 192.168.1.9:40000', 'udp 192.168.1.9:40001']);
});

test('configured addresses are not followed, and losing one is reported', async (t) => {
  const { hosts, find, plane, connect } = await setUp(t, ['192.168.1.5', '10.0.0.1'], { hosts: ['192.168.1.5'] });
  find('192.168.1.9', '10.0.0.1');
  t.strictSame(hosts[0]!.asked, []);
  t.strictSame(addressesIn(connect().answer), ['192.168.1.5']);
  t.match(plane.reach(), {
    isLoopbackOnly: false,
    unbound: [{ address: '192.168.1.5', reason: 'this machine does not have the address any more' }],
  });
  find('192.168.1.5');
  t.strictSame(plane.reach().unbound, []);
});

test('announced addresses stay as configured, whatever the machine has', async (t) => {
  const { find, plane, connect } = await setUp(t, ['127.0.0.1'], { announce: ['203.0.113.7'] });
  t.strictSame(addressesIn(connect({ isRemote: true }).answer), ['203.0.113.7']);
  t.equal(plane.reach().isLoopbackOnly, false);
  find('10.0.0.5', '127.0.0.1');
  t.strictSame(addressesIn(connect({ isRemote: true }).answer), ['203.0.113.7']);
});
