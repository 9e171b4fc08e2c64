import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { readCommand } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkMumble } from '../../src/main/check/mumble.ts';
import { checkCommand } from '../../src/main/check.ts';

async function result(...argv: string[]) {
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error('no server');
  return checkMumble({ config: command.config, clock: systemClock });
}

test('the port for Mumble clients is checked if they may come', async (t) => {
  const port = await freePort();
  const flags = ['--mumble', 'on', '--mumble-port', String(port)];
  t.same(await result(), []);
  t.match(await result(...flags), [{ name: 'Mumble port', status: 'ok', text: /is free, TCP and UDP/ }]);
  const other = createSocket('udp4').bind(port, '127.0.0.1');
  await once(other, 'listening');
  t.match(await result(...flags), [{ status: 'warn', text: /is in use/ }]);
  other.close();
  t.match(await result(...flags, '--host', '192.0.2.1'), [{ status: 'fail', text: /does not have the address/ }]);
});

test('rooms with impossible names are settings that prevent the start', async (t) => {
  const argv = ['--mumble', 'on', '--mumble-rooms', 'lobby,a?b'];
  await t.rejects(checkCommand({ argv, env: {}, machine: { cores: 1 } }, systemClock), { message: /"a\?b"/ });
});
