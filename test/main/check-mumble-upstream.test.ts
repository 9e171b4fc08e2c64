import { test } from 'tap';
import { readCommand } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkMumbleUpstream } from '../../src/main/check/mumble-upstream.ts';
import { checkCommand } from '../../src/main/check.ts';
import { startMumble } from '../helpers/mumble-server.ts';
import { digestOf } from '../helpers/murmur.ts';

async function result(...argv: string[]) {
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error('no server');
  return checkMumbleUpstream({ config: command.config, clock: systemClock });
}

test('the other Mumble server is looked at, if there is one', async (t) => {
  t.same(await result(), []);
  const { port, gateway } = await startMumble(t);
  const digest = await digestOf(port);
  const flags = ['--mumble-upstream', `127.0.0.1:${port}`, '--mumble-upstream-rooms', 'lobby'];
  t.match(await result(...flags), [{ status: 'fail', text: new RegExp(`nobody known.*${digest}`) }]);
  const pin = digest.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:');
  t.match(await result(...flags, '--mumble-upstream-certificate', pin), [{ status: 'ok' }]);
  t.match(await result(...flags, '--mumble-upstream-certificate', '0'.repeat(64)), [
    { status: 'fail', text: new RegExp(`another one.*${digest}`) },
  ]);
  gateway.close();
  t.match(await result(...flags), [{ status: 'warn', text: /cannot be reached/ }]);
});

test('what is coupled twice, or cannot be, are settings that prevent the start', async (t) => {
  const check = (rooms: string) =>
    checkCommand(
      { argv: ['--mumble-upstream', '192.0.2.1', '--mumble-upstream-rooms', rooms], env: {}, machine: { cores: 1 } },
      systemClock,
    );
  await t.rejects(check('lobby=A,Lobby=B'), { message: /"Lobby=B" couples/ });
  await t.rejects(check('lobby=A,games=/a/'), { message: /"games=\/a\/" couples/ });
  await t.rejects(check('a?b'), { message: /"a\?b"/ });
  await t.rejects(check(''), { message: /mumble-upstream requires mumble-upstream-rooms/ });
});
