import { test } from 'tap';
import { isOriginPattern, matchesOrigin } from '../../../src/lib/net/origin.ts';

test('exact origins of any scheme, one wildcard as the first label, and null can be allowed', (t) => {
  for (const pattern of [
    ...[
      'https://example.org',
      'http://localhost:3000',
      'https://[::1]:8443',
      'http://192.0.2.1',
      'https://xn--bcher-kva.example',
    ],
    ...[
      'capacitor://localhost',
      'ionic://localhost',
      'tauri://localhost',
      'app://obsidian.md',
      'http://tauri.localhost',
    ],
    ...['chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek', 'moz-extension://0c8a0b5e-2f0c-4a2a-9d0c-0f6c5f0a7b11'],
    ...['https://*.example.org', 'http://*.example.org:8080', 'https://*.lan', 'null', 'file://'],
  ])
    t.equal(isOriginPattern(pattern), true, pattern);
  for (const wrong of [
    ...['', 'example.org', 'https://', 'https://example.org/', 'https://example.org/path', 'https://example.org:443'],
    ...[
      'https://Example.org',
      'HTTPS://example.org',
      'https://user@example.org',
      'https://example.org?x',
      'https://a b',
    ],
    ...[
      'https://*',
      'https://*.',
      '*://example.org',
      'https://a.*.org',
      'https://*example.org',
      'https://*.*.example.org',
    ],
    ...['https://example.*', 'http://localhost:*', 'https://*.[::1]', 'capacitor:localhost', 'capacitor://', 'NULL'],
    ...['https://example.org:99999', 'capacitor://localhost/', 'javascript:alert(1)', 'data:text/html,x'],
  ])
    t.equal(isOriginPattern(wrong), false, wrong);
  t.end();
});

test('an origin is allowed by exactly itself, or by a wildcard above it', (t) => {
  const cases: [string, string, boolean][] = [
    ['https://example.org', 'https://example.org', true],
    ['https://example.org', 'http://example.org', false],
    ['https://example.org', 'https://a.example.org', false],
    ['capacitor://localhost', 'capacitor://localhost', true],
    ['capacitor://localhost', 'ionic://localhost', false],
    ['capacitor://localhost', 'http://localhost', false],
    ['https://*.example.org', 'https://a.example.org', true],
    ['https://*.example.org', 'https://a.b-c.example.org', true],
    ['https://*.example.org', 'https://example.org', false],
    ['https://*.example.org', 'https://.example.org', false],
    ['https://*.example.org', 'https://evilexample.org', false],
    ['https://*.example.org', 'https://a.example.org.evil.example', false],
    ['https://*.example.org', 'https://a.example.org:8443', false],
    ['https://*.example.org', 'http://a.example.org', false],
    ['https://*.example.org', 'https://evil.example/.example.org', false],
    ['https://*.example.org', 'https://evil.example:80@a.example.org', false],
    ['http://*.example.org:8080', 'http://a.example.org:8080', true],
    ['null', 'null', true],
    ['https://*.example.org', 'null', false],
  ];
  for (const [pattern, origin, expected] of cases)
    t.equal(matchesOrigin(pattern, origin), expected, `${pattern} and ${origin}`);
  t.end();
});
