import type { IncomingMessage } from 'node:http';
import { test } from 'tap';
import { asksForWebSocket } from '../../../src/lib/net/upgrade-header.ts';

function request(upgrade: string | undefined, { httpVersion = '1.1', hosts = ['here'] } = {}): IncomingMessage {
  const rawHeaders = hosts.flatMap((host) => ['Host', host]);
  const headers = { upgrade, host: hosts[0] };
  const headersDistinct = { host: hosts };
  return { headers, headersDistinct, rawHeaders, httpVersion } as unknown as IncomingMessage;
}

test('a WebSocket is requested by its name, alone or among others', (t) => {
  for (const [upgrade, asks] of [
    ['websocket', true],
    ['WebSocket', true],
    ['h2c, websocket', true],
    [' websocket ,h2c', true],
    [`${'h2c,'.repeat(15)}websocket`, true],
    [`${'h2c,'.repeat(16)}websocket`, false],
    ['h2c', false],
    ['websocket/2', false],
    ['', false],
    [undefined, false],
  ] as const) {
    t.equal(asksForWebSocket(request(upgrade)), asks, upgrade ?? 'without');
  }
  t.notOk(asksForWebSocket(request('websocket', { httpVersion: '1.0' })));
  t.notOk(asksForWebSocket(request('websocket', { hosts: ['here', 'there'] })), 'with two hosts it is ambiguous');
  t.end();
});
