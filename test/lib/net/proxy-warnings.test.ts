import type { Logger } from 'pino';
import { test } from 'tap';
import { ProxyWarnings } from '../../../src/lib/net/proxy-warnings.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function setUp({ showAddresses = true } = {}) {
  const clock = new FakeClock();
  const told: { fields: object; message: string }[] = [];
  const log = { warn: (fields: object, message: string) => told.push({ fields, message }) } as unknown as Logger;
  const warnings = new ProxyWarnings({ allowHosts: ['voice.example.org'], showAddresses, clock, log });
  return { clock, told, warnings };
}

test('the same warning is given once in ten minutes', (t) => {
  const { clock, told, warnings } = setUp();
  for (let i = 0; i < 10; i++) {
    warnings.refusedHost('other.example.org');
    clock.advance(59_999);
  }
  t.equal(told.length, 1);
  t.match(told[0], {
    fields: { host: 'other.example.org', expected: ['voice.example.org'] },
    message: /allow-hosts/,
  });
  clock.advance(10);
  warnings.refusedHost('other.example.org');
  t.equal(told.length, 2);
  t.end();
});

test('five different warnings are given in that time, and long ones are cut', (t) => {
  const { clock, told, warnings } = setUp();
  for (let i = 0; i < 100; i++) warnings.refusedHost(`${i}`);
  t.equal(told.length, 5);
  clock.advance(600_000);
  warnings.refusedOrigin(`https://${'a'.repeat(92)}`, `${'h'.repeat(101)}`, ['https://voice.example.org']);
  t.match(told[5], {
    fields: {
      origin: `https://${'a'.repeat(92)}`,
      host: `${'h'.repeat(100)}…`,
      expected: ['https://voice.example.org'],
    },
    message: /WebSocket/,
  });
  warnings.refusedHost(undefined);
  t.equal(told.length, 7);
  t.end();
});

test('a proxy is a nearby host, and is remembered for ten minutes', (t) => {
  const { clock, told, warnings } = setUp();
  warnings.untrustedProxy('203.0.113.9');
  t.equal(warnings.untrusted, undefined);
  t.equal(told.length, 0);
  for (const peer of ['127.0.0.1', '10.0.0.7']) {
    warnings.untrustedProxy(peer);
    t.equal(warnings.untrusted, peer);
    t.match(told.at(-1), { fields: { proxy: peer }, message: /trust-proxy/ });
  }
  clock.advance(599_999);
  t.equal(warnings.untrusted, '10.0.0.7');
  clock.advance(1);
  t.equal(warnings.untrusted, undefined);
  const silent = setUp({ showAddresses: false });
  silent.warnings.untrustedProxy('10.0.0.7');
  t.notMatch(JSON.stringify(silent.told), '10.0.0.7');
  t.equal(silent.told.length, 1);
  t.end();
});
