import type { IncomingMessage } from 'node:http';
import { test } from 'tap';
import { addressKey, isNetwork, TrustedProxies } from '../../../src/lib/net/client-address.ts';

test('limits count IPv4 by address, IPv6 by /64, and IPv4 inside IPv6 as IPv4', (t) => {
  t.equal(addressKey('192.0.2.7'), '192.0.2.7');
  t.equal(addressKey('::ffff:192.0.2.7'), '192.0.2.7');
  t.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  t.equal(addressKey('2001:db8:1:2::1'), '2001:db8:1:2::/64');
  t.not(addressKey('2001:db8:1:3::1'), '2001:db8:1:2::/64');
  t.equal(addressKey('::1'), '0:0:0:0::/64');
  t.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
  t.end();
});

test('the client address comes only from what trusted proxies added', (t) => {
  const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8', '2001:db8:f::/48']);
  const cases: [remote: string, forwardedFor: string | undefined, client: string][] = [
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.9', '192.0.2.1'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '198.51.100.9', '198.51.100.9'],
    ['::ffff:127.0.0.1', '198.51.100.9', '198.51.100.9'],
    ['127.0.0.1', '203.0.113.66, 198.51.100.9', '198.51.100.9'],
    ['127.0.0.1', '198.51.100.9, 10.1.2.3', '198.51.100.9'],
    ['127.0.0.1', '198.51.100.9:5000', '198.51.100.9'],
    ['2001:db8:f::1', '[2001:db8:1:2::3]:5000', '2001:db8:1:2::3'],
    ['127.0.0.1', 'nonsense', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.9, unknown', '127.0.0.1'],
    ['127.0.0.1', ',,,', '127.0.0.1'],
  ];
  for (const [remote, forwardedFor, client] of cases) {
    t.equal(proxies.clientOf(remote, forwardedFor), client, `${remote} for ${forwardedFor}`);
  }
  t.equal(new TrustedProxies([]).clientOf('127.0.0.1', '198.51.100.9'), '127.0.0.1');
  t.end();
});

test('a peer without an address counts as what the server says, and by default as nobody who is trusted', (t) => {
  const request = { socket: {}, headers: { 'x-forwarded-for': '198.51.100.9' } } as unknown as IncomingMessage;
  const direct = { socket: {}, headers: {} } as unknown as IncomingMessage;
  const closed = new TrustedProxies(['127.0.0.1']);
  t.equal(closed.clientOfRequest(request), '');
  t.equal(closed.isRemote(request), true);
  const socket = new TrustedProxies(['127.0.0.1'], { withoutAddress: '127.0.0.1' });
  t.equal(socket.clientOfRequest(request), '198.51.100.9');
  t.equal(socket.isRemote(request), true);
  t.equal(socket.clientOfRequest(direct), '127.0.0.1');
  t.equal(socket.isRemote(direct), false);
  const seen: string[] = [];
  const untrusted = new TrustedProxies([], { withoutAddress: '127.0.0.1', onUntrusted: (peer) => seen.push(peer) });
  t.equal(untrusted.clientOfRequest(request), '127.0.0.1');
  t.strictSame(seen, ['127.0.0.1']);
  t.end();
});

test('a client is on this machine only if every hop that says so is trusted', (t) => {
  const proxies = new TrustedProxies(['127.0.0.1', '::1', '10.0.0.2']);
  const cases: [remote: string, local: string, headers: Record<string, string>, isRemote: boolean][] = [
    ['127.0.0.1', '127.0.0.1', {}, false],
    ['::ffff:127.8.9.1', '::ffff:127.0.0.1', {}, false],
    ['::1', '::1', {}, false],
    ['192.168.1.5', '192.168.1.5', {}, false],
    ['::ffff:192.168.1.5', '::ffff:192.168.1.5', {}, false],
    ['192.168.1.7', '192.168.1.5', {}, true],
    ['2001:db8::7', '2001:db8::5', {}, true],
    ['127.0.0.1', '127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, true],
    ['::1', '::1', { 'x-forwarded-for': '2001:db8::9' }, true],
    ['127.0.0.1', '127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, false],
    ['127.0.0.1', '127.0.0.1', { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' }, true],
    ['127.0.0.1', '127.0.0.1', { 'x-forwarded-for': '203.0.113.9, 10.0.0.2' }, true],
    // It does not say in a form we understand which client it forwards for.
    ['127.0.0.1', '127.0.0.1', { 'x-real-ip': '203.0.113.9' }, true],
    ['127.0.0.1', '127.0.0.1', { 'x-forwarded-for': 'unknown' }, true],
    // It is not trusted.
    ['127.0.0.2', '127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, true],
    ['127.0.0.2', '127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, true],
    ['127.0.0.2', '127.0.0.1', { forwarded: 'for=203.0.113.9' }, true],
  ];
  for (const [remoteAddress, localAddress, headers, isRemote] of cases) {
    const request = { socket: { remoteAddress, localAddress }, headers } as unknown as IncomingMessage;
    t.equal(proxies.isRemote(request), isRemote, `${remoteAddress} ${JSON.stringify(headers)}`);
  }
  t.end();
});

test('networks are addresses with or without a prefix length', (t) => {
  for (const text of ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', '0.0.0.0/0']) t.ok(isNetwork(text), text);
  for (const text of ['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', 'fe80::1%eth0'])
    t.notOk(isNetwork(text), text);
  t.end();
});
