import { test } from 'tap';
import { fileName, MAX_FILE_BYTES, parseFileMessage, shortened } from '../../../web/app/files/peer-messages.ts';

const OFFER = { kind: 'offer', transfer: 'a-1', name: 'map.png', size: 1234 };

test('messages of the five kinds are read, and keep only their own fields', async (t) => {
  t.same(parseFileMessage({ ...OFFER, more: 1 }), OFFER);
  for (const kind of ['accept', 'refuse', 'cancel'])
    t.same(parseFileMessage({ kind, transfer: 'x', sdp: 'y' }), { kind, transfer: 'x' });
  const description = { kind: 'description', transfer: 'x', sdp: 'v=0' };
  t.same(parseFileMessage(description), description);
});

test('anything else is ignored', async (t) => {
  const hostile: readonly unknown[] = [
    ...[null, undefined, 7, 'offer', [], {}, { kind: 'offer' }, { kind: 'run', transfer: 'x' }],
    ...['', 'x'.repeat(41), '../x', 'a b', 7, null].map((transfer) => ({ ...OFFER, transfer })),
    ...[-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_FILE_BYTES + 1, '12', null].map((size) => ({
      ...OFFER,
      size,
    })),
    ...[7, null, 'n'.repeat(2000)].map((name) => ({ ...OFFER, name })),
    ...[7, null, 's'.repeat(3501)].map((sdp) => ({ kind: 'description', transfer: 'x', sdp })),
  ];
  for (const payload of hostile) t.equal(parseFileMessage(payload), null, JSON.stringify(payload)?.slice(0, 100));
});

test('a name cannot lead out of the folder, or hide how it ends', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\calc.exe', 'calc.exe'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['a\u0000b\n.txt', 'ab.txt'],
    ['\u200b\u2066 ', 'file'],
    ['', 'file'],
    ['Kätzchen 🐈.jpg', 'Kätzchen 🐈.jpg'],
  ];
  for (const [name, expected] of cases) t.equal(fileName(name), expected);
  t.equal(fileName('n'.repeat(999)).length, 255);
});

test('a description that is too long loses its least preferred candidates', async (t) => {
  const candidate = (n: number) => `a=candidate:${n} 1 udp 2122260223 192.0.2.${n % 250} 50000 typ host`;
  const sdp = (count: number) =>
    ['v=0', 'a=ice-ufrag:abcd', ...Array.from({ length: count }, (_, n) => candidate(n)), 'a=sctp-port:5000', ''].join(
      '\r\n',
    );
  t.equal(shortened(sdp(5)), sdp(5));
  const long = shortened(sdp(200));
  t.ok(long.length <= 3500 && long.length > 3400, `${long.length}`);
  t.match(long, candidate(0));
  t.match(long, /a=sctp-port:5000\r\n$/);
  t.notMatch(long, candidate(199));
  t.not(parseFileMessage({ kind: 'description', transfer: 'x', sdp: long }), null);
  const hopeless = `v=0\r\n${'a=x:'.padEnd(4000, 'y')}\r\n`;
  t.equal(shortened(hopeless), hopeless, 'the other side refuses it');
});
