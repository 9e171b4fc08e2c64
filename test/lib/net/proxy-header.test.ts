import { test } from 'tap';
import { type ProxyHeader, readProxyHeader } from '../../../src/lib/net/proxy-header.ts';
import { proxyHeader } from '../../helpers/proxy-header.ts';

const clientOf = (header: ProxyHeader) => (header.kind === 'whole' ? header.client : header.kind);

test('both families, and what comes after the header stays', (t) => {
  const v4 = proxyHeader({ client: [192, 0, 2, 7] });
  t.same(readProxyHeader(Buffer.concat([v4, Buffer.from('GET /')])), {
    kind: 'whole',
    length: 28,
    client: '192.0.2.7',
  });
  const bytes = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
  t.equal(clientOf(readProxyHeader(proxyHeader({ client: bytes }))), '2001:db8::9');
  const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, 192, 0, 2, 1];
  t.equal(clientOf(readProxyHeader(proxyHeader({ client: mapped }))), '192.0.2.1');
  const more = proxyHeader({ client: [192, 0, 2, 7], extra: 500 });
  t.same(readProxyHeader(more), { kind: 'whole', length: 528, client: '192.0.2.7' });
  t.end();
});

test('a proxy may speak for itself, or not know the client', (t) => {
  t.same(readProxyHeader(proxyHeader({ client: [192, 0, 2, 7], command: 0 })), {
    kind: 'whole',
    length: 28,
    client: undefined,
  });
  for (const family of [0, 0x31, 0x12])
    t.equal(clientOf(readProxyHeader(proxyHeader({ client: [192, 0, 2, 7], family }))), undefined, `${family}`);
  t.end();
});

test('every prefix needs more, and nothing else begins a connection', (t) => {
  const whole = proxyHeader({ client: [192, 0, 2, 7] });
  for (let length = 0; length < whole.length; length++)
    t.equal(readProxyHeader(whole.subarray(0, length)).kind, 'open', `${length} bytes`);
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'PROXY TCP4 192.0.2 192.0.2.1 5000 443\r\n',
    'PROXY TCP4 192.0.2.7\r\n',
    'POST / HTTP/1.1\r\n',
    '\r\n\r\nGET /',
  ])
    t.equal(readProxyHeader(Buffer.from(text)).kind, 'invalid', text);
  for (let at = 0; at < 12; at++) {
    const wrong = Buffer.from(whole);
    wrong[at]! ^= 1;
    t.equal(readProxyHeader(wrong).kind, 'invalid', `byte ${at}`);
  }
  for (const bad of [{ command: 2 }, { version: 1 }, { version: 3 }, { extra: 1013 }, { family: 0x21 }])
    t.equal(readProxyHeader(proxyHeader({ client: [192, 0, 2, 7], ...bad })).kind, 'invalid', JSON.stringify(bad));
  t.equal(readProxyHeader(proxyHeader({ client: [192, 0, 2, 7], extra: 1012 })).kind, 'whole');
  t.end();
});

test('version 1 is a line', (t) => {
  const read = (text: string) => readProxyHeader(Buffer.from(text, 'latin1'));
  const line = 'PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n';
  for (let length = 1; length < line.length; length++)
    t.equal(read(line.slice(0, length)).kind, 'open', `${length} bytes`);
  t.same(read(`${line}GET /`), { kind: 'whole', length: line.length, client: '192.0.2.7' });
  t.equal(clientOf(read('PROXY TCP6 2001:db8::9 2001:db8::1 56324 443\r\n')), '2001:db8::9');
  for (const unknown of ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN 2001:db8::9 2001:db8::1 1 2\r\n'])
    t.equal(clientOf(read(unknown)), undefined, unknown);
  t.equal(read(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`).kind, 'whole', '107 bytes');
  t.equal(read(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`).kind, 'invalid', '108 bytes');
  t.equal(read('x'.repeat(107)).kind, 'invalid');
  t.equal(read(`PROXY ${'x'.repeat(101)}`).kind, 'invalid');
  t.equal(read(`PROXY ${'x'.repeat(100)}`).kind, 'open');
  t.end();
});
