import { createHmac } from 'node:crypto';
import { test } from 'tap';
import { parseTurnUrl, turnCredentials } from '../../src/lib/turn.ts';

const SETTINGS = {
  turnUrls: [],
  turnSecret: 'north',
  turnUsername: '',
  turnPassword: '',
  turnLifetimeMinutes: 60,
};

test('TURN server addresses are parsed with their defaults', (t) => {
  const cases: [string, string, number, string][] = [
    ['turn:turn.example.org', 'turn.example.org', 3478, 'udp'],
    ['turn:turn.example.org:80?transport=tcp', 'turn.example.org', 80, 'tcp'],
    ['turn:192.0.2.1:3479?transport=udp', '192.0.2.1', 3479, 'udp'],
    ['turn:[2001:db8::1]', '2001:db8::1', 3478, 'udp'],
    ['turns:turn.example.org', 'turn.example.org', 5349, 'tls'],
    ['turns:[2001:db8::1]:443?transport=tcp', '2001:db8::1', 443, 'tls'],
  ];
  for (const [text, host, port, transport] of cases) t.strictSame(parseTurnUrl(text), { host, port, transport }, text);
  const wrong = [
    '',
    'turn:',
    'turn.example.org',
    'stun:a.org',
    'turn://a.org',
    'turn:a.org:0',
    'turn:a.org?transport=sctp',
  ];
  for (const text of [...wrong, 'turns:a.org?transport=udp', 'turn:u@a.org', 'turn:2001:db8::1', 'turn:a.org?x=y'])
    t.equal(parseTurnUrl(text), null, text);
  t.end();
});

test('shared-secret credentials are an expiry time, a user name, and an HMAC of both', (t) => {
  const { username, credential } = turnCredentials(SETTINGS, { user: 'ada', wallNowMs: 1_700_000_000_900 });
  t.equal(username, '1700003600:ada');
  t.equal(credential, createHmac('sha1', 'north').update('1700003600:ada').digest('base64'));
  // Computed with: printf 1700003600:ada | openssl dgst -sha1 -hmac north -binary | base64
  t.equal(credential, 'xnSlQG4JwD6eDlwPBFdbTt6sTJk=');
  t.end();
});

test('fixed credentials are handed out unchanged', (t) => {
  const fixed = { ...SETTINGS, turnSecret: '', turnUsername: 'partyline', turnPassword: 'pass' };
  t.strictSame(turnCredentials(fixed, { user: 'ada', wallNowMs: 0 }), { username: 'partyline', credential: 'pass' });
  t.end();
});
