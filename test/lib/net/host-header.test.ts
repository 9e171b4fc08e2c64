import { test } from 'tap';
import { hostUrl, isAllowedHost } from '../../../src/lib/net/host-header.ts';

test('with a list of names, a server answers to those names, to addresses and to localhost', (t) => {
  const allowed = ['voice.example.org'];
  for (const host of ['voice.example.org', 'VOICE.example.org:443', 'voice.example.org.', '127.0.0.1:8080', '[::1]:80'])
    t.ok(isAllowedHost(host, allowed), host);
  t.ok(isAllowedHost('localhost:8080', allowed));
  for (const host of [
    undefined,
    '',
    'evil.example',
    'voice.example.org.evil.example',
    'a@voice.example.org',
    'x/y',
    ']',
  ])
    t.notOk(isAllowedHost(host, allowed), String(host));
  const long = `xn--${'ab9z'.repeat(4000)}`;
  t.equal(hostUrl(long), undefined, 'a value longer than any name is not parsed');
  t.ok(isAllowedHost('evil.example', []), 'without a list any name is allowed');
  t.end();
});
