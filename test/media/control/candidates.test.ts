import { test } from 'tap';
import { type CandidateOptions, candidateAddresses } from '../../../src/media/control/candidates.ts';
import type { MediaAddress } from '../../../src/rtc/net/datagram-port.ts';

function bound(addresses: readonly string[], protocols: readonly ('udp' | 'tcp')[] = ['udp', 'tcp']): MediaAddress[] {
  return protocols.flatMap((protocol) =>
    addresses.map((address) => ({ protocol, address, family: address.includes(':') ? 6 : 4, port: 40_001 })),
  );
}

function told(sockets: readonly MediaAddress[], options: Partial<CandidateOptions> = {}): string[] {
  const complete = { announced: [], loopback: 'if_alone' as const, index: 1, ...options };
  return candidateAddresses(sockets, complete).map(({ protocol, address, port }) => `${protocol} ${address} ${port}`);
}

test('bound addresses are listed, UDP first and then TCP', (t) => {
  t.same(told(bound(['192.0.2.1', '2001:db8::1'])), [
    'udp 192.0.2.1 40001',
    'udp 2001:db8::1 40001',
    'tcp 192.0.2.1 40001',
    'tcp 2001:db8::1 40001',
  ]);
  t.same(told(bound(['2001:db8::1'], ['udp'])), ['udp 2001:db8::1 40001'], 'one family and one protocol');
  t.end();
});

test('loopback is listed when nothing else is, or when the page is served on it, and never to other machines', (t) => {
  t.same(told(bound(['192.0.2.1', '127.0.0.1'], ['udp'])), ['udp 192.0.2.1 40001']);
  t.same(told(bound(['127.0.0.1', '::1'], ['udp'])), ['udp 127.0.0.1 40001', 'udp ::1 40001']);
  const both = told(bound(['192.0.2.1', '127.0.0.1'], ['udp']), { loopback: 'always' });
  t.same(both, ['udp 192.0.2.1 40001', 'udp 127.0.0.1 40001']);
  const elsewhere = (...addresses: string[]) => told(bound(addresses, ['udp']), { loopback: 'never' });
  t.same(elsewhere('192.0.2.1', '127.0.0.1', '::1', '127.8.9.1'), ['udp 192.0.2.1 40001']);
  t.same(elsewhere('127.0.0.1', '::1'), []);
  t.end();
});

test('a machine with dozens of addresses lists the first eight', (t) => {
  const many = Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 1}`);
  const udp = many.slice(0, 8).map((address) => `udp ${address} 40001`);
  const tcp = many.slice(0, 8).map((address) => `tcp ${address} 40001`);
  t.same(told(bound(many)), [...udp, ...tcp]);
  t.end();
});

test('announced addresses are listed instead, each with its own port or that of a socket of its family', (t) => {
  const sockets = [
    ...bound(['10.0.0.2'], ['udp', 'tcp']),
    { protocol: 'udp', address: 'fd00::2', family: 6, port: 41_000 } as const,
  ];
  const announced = [
    { address: '203.0.113.7', port: null },
    { address: '2001:db8::7', port: null },
    { address: '203.0.113.8', port: 50_000 },
  ];
  t.same(told(sockets, { announced }), [
    'udp 203.0.113.7 40001',
    'udp 2001:db8::7 41000',
    'udp 203.0.113.8 50001',
    'tcp 203.0.113.7 40001',
    'tcp 2001:db8::7 40001',
    'tcp 203.0.113.8 50001',
  ]);
  t.end();
});

test('with one shared port for all workers, the announced port is one number too', (t) => {
  const shared = bound(['10.0.0.2'], ['tcp']).map((address) => ({ ...address, port: 443, shared: true as const }));
  const sockets = [...bound(['10.0.0.2'], ['udp']), ...shared];
  t.same(told(sockets), ['udp 10.0.0.2 40001', 'tcp 10.0.0.2 443']);
  const announced = [
    { address: '203.0.113.7', port: null },
    { address: '203.0.113.8', port: 8443 },
  ];
  t.same(told(sockets, { announced }), [
    'udp 203.0.113.7 40001',
    'udp 203.0.113.8 8444',
    'tcp 203.0.113.7 443',
    'tcp 203.0.113.8 8443',
  ]);
  t.end();
});
