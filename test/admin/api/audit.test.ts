import { test } from 'tap';
import { AuditTrail } from '../../../src/admin/api/audit.ts';
import { OPERATION_LIST, type Operation } from '../../../src/protocol/api/operations.ts';
import { scopeOf } from '../../../src/protocol/api/scopes.ts';
import { ApiClient } from '../../helpers/api-client.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { startServer } from '../../helpers/running-server.ts';

const TOKEN = 'an-admin-token-of-32-characters.';

test('a thousand entries are remembered, newest first', (t) => {
  const clock = new FakeClock();
  const trail = new AuditTrail(clock);
  const entry = { by: 'ops', operation: 'closeRoom', target: { room: 'lobby' }, address: null, result: 'done' };
  for (let i = 0; i < 1002; i++) {
    trail.add({ ...entry, by: `ops-${i}` });
    clock.advance(1000);
  }
  t.equal(trail.entries.length, 1000);
  t.match(trail.entries[0], { ...entry, by: 'ops-1001', at: '2026-01-01T00:16:41.000Z' });
  t.match(trail.entries.at(-1), { by: 'ops-2' });
  t.end();
});

test('each token is held to its scope in every operation, and what it does is remembered with its name', async (t) => {
  const named = `viewer=read:${'r'.repeat(16)},helper=moderate:${'m'.repeat(16)}`;
  const server = await startServer(['--admin-token', TOKEN, '--admin-tokens', named], { logLevel: 'fatal' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  const codes = async (letter: string, { method, path }: Operation) => {
    const filled = path.replace(/\{\w+\}/g, 'nothing');
    const answer = await fetch(`${server.url}/api/v1${filled}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${letter.repeat(16)}` },
    });
    return answer.status === 204 ? '' : ((await answer.json()) as { code?: string }).code;
  };
  for (const [id, operation] of OPERATION_LIST) {
    if (id === 'updateSpace' || id === 'sendData') continue;
    const needs = scopeOf(operation);
    t.equal((await codes('r', operation)) === 'not_allowed', needs !== 'read', `read: ${id}`);
    t.equal((await codes('m', operation)) === 'not_allowed', needs === 'everything', `moderate: ${id}`);
  }
  const { total } = (await api.get('/audit')).body;
  await api.post('/rooms', { name: 'Lobby' }, { token: 'm'.repeat(16) });
  await api.post('/rooms', { name: 'lobby' }, { token: 'm'.repeat(16) });
  await api.delete('/rooms/lobby');
  await api.get('/rooms');
  t.match((await api.get('/audit?limit=3')).body, {
    total: total + 3,
    entries: [
      { by: 'admin', operation: 'closeRoom', target: { room: 'lobby' }, address: '127.0.0.1', result: 'done' },
      { by: 'helper', operation: 'createRoom', target: {}, result: 'room_exists' },
      { by: 'helper', operation: 'createRoom', result: 'done' },
    ],
  });
});

test('whoever may only moderate opens no room to listeners, and records none', async (t) => {
  const named = `helper=moderate:${'m'.repeat(16)}`;
  const server = await startServer(['--admin-token', TOKEN, '--admin-tokens', named], { logLevel: 'fatal' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  const helper = { token: 'm'.repeat(16) };
  t.equal((await api.post('/rooms', { name: 'lobby' }, helper)).status, 201);
  for (const change of [{ live: 'public' }, { live: 'on' }, { live: 'token' }, { recording: 'always' }] as const) {
    const what = JSON.stringify(change);
    t.match((await api.request('PATCH', '/rooms/lobby', change, helper)).body, { code: 'not_allowed' }, what);
    t.match((await api.post('/rooms', { name: 'other', ...change }, helper)).body, { code: 'not_allowed' }, what);
    t.equal((await api.patch('/rooms/lobby', change)).status, 200, what);
  }
  t.match((await api.get('/rooms')).body, { total: 1, rooms: [{ live: 'token', recording: 'always' }] });
  const off = { live: 'off', recording: 'off', description: 'quiet' };
  t.match((await api.request('PATCH', '/rooms/lobby', off, helper)).body, off, 'they may end both');
});
