import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { test } from 'tap';
import { readCommand } from '../../src/config/config.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { coupledRooms, startMumbleUpstream, upstreamServer } from '../../src/server/mumble-upstream.ts';
import { openRegistry } from '../helpers/open-registry.ts';

function configOf(...argv: string[]) {
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error('no server');
  return command.config;
}

test('rooms and their channels', async (t) => {
  const config = configOf('--mumble-upstream-rooms', 'lobby=Games / Chess,Tea,all=/');
  t.same(coupledRooms(config), [
    { room: 'lobby', path: ['Games', 'Chess'] },
    { room: 'Tea', path: ['Tea'] },
    { room: 'all', path: [] },
  ]);
});

test('where the server is', async (t) => {
  t.equal(upstreamServer(configOf()), undefined);
  const given = ['--mumble-upstream-rooms', 'lobby', '--mumble-upstream'];
  t.same(upstreamServer(configOf(...given, 'voice.example.org')), {
    host: 'voice.example.org',
    port: 64_738,
    pins: [],
  });
  const pin = 'AB:'.repeat(32).slice(0, -1);
  t.same(upstreamServer(configOf(...given, '[2001:db8::1]:7000', '--mumble-upstream-certificate', pin)), {
    host: '2001:db8::1',
    port: 7000,
    pins: ['ab'.repeat(32)],
  });
});

test('the secret of certificates is made once, and kept for the owner alone', async (t) => {
  const dataDir = t.testdir();
  const flags = ['--data-dir', dataDir, '--mumble-upstream', '127.0.0.1:1', '--mumble-upstream-rooms', 'lobby'];
  const read = () => readFile(join(dataDir, 'mumble-upstream.secret'), 'utf8');
  const { registry, clock } = openRegistry();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const start = async () => {
    const shared = { registry, access, version: '9.9', clock, log: pino({ level: 'silent' }) };
    (await startMumbleUpstream(configOf(...flags), shared))?.close();
  };
  await start();
  const first = await read();
  t.match(first, /^[\da-f]{64}\n$/);
  await start();
  t.equal(await read(), first);
  await writeFile(join(dataDir, 'mumble-upstream.secret'), 'nonsense');
  await t.rejects(start(), { message: /is damaged/ });
});
