import { test } from 'tap';
import { iceLinks } from '../../../src/gateways/whip/ice-links.ts';

test('each URL of a TURN server is a link with its credentials', (t) => {
  const urls = ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org'];
  t.same(iceLinks([{ urls, username: '1700000000:id', credential: 'a"b\\c' }]), [
    '<turn:turn.example.org:3478?transport=udp>; rel="ice-server"; username="1700000000:id"; credential="a\\"b\\\\c"; credential-type="password"',
    '<turns:turn.example.org>; rel="ice-server"; username="1700000000:id"; credential="a\\"b\\\\c"; credential-type="password"',
  ]);
  t.same(iceLinks([{ urls: ['stun:stun.example.org'] }]), ['<stun:stun.example.org>; rel="ice-server"']);
  t.same(iceLinks([]), []);
  t.match(
    iceLinks([{ urls: ['turn:x'], username: 'a\r\nSet-Cookie: b', credential: '' }])[0],
    /username="aSet-Cookie: b"/,
  );
  t.end();
});
