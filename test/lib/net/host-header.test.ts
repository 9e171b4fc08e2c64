import { test } from 'tap';
import { hasValidHost, hostUrl, isAllowedHost } from '../../../src/lib/net/host-header.ts';

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

test('a request has one Host header at most, with a name or an address and perhaps a port', (t) => {
  const isValid = (...hosts: string[]) =>
    hasValidHost({
      rawHeaders: ['Accept', '*/*', ...hosts.flatMap((host, i) => [i % 2 === 0 ? 'Host' : 'hOST', host])],
    });
  t.ok(isValid());
  for (const host of [
    ...['example.org', 'EXAMPLE.org:443', 'ex_ample.org', 'xn--e1afmkfd.org', 'localhost:', '', 'a%20b', '127.1'],
    ...['192.0.2.1:80', '[2001:db8::1]:8080', '[::ffff:1.2.3.4]'],
  ])
    t.ok(isValid(host), host);
  for (const host of [
    ...['local host', 'a/b', 'user@example.org', 'example.org:80:80', 'example.org:a', '2001:db8::1', '[::1', '::1]'],
    ...['ex\u00e4mple.org', 'a%2', 'a%zz', 'a\tb', 'a?b', 'a#b', '"a"', '[]', '[::1]x'],
  ])
    t.notOk(isValid(host), host);
  t.notOk(isValid('here', 'here'), 'not even the same one twice');
  t.notOk(isValid('here', 'here', 'here'));
  t.end();
});
