import { test } from 'tap';
import { eventually } from '../../helpers/eventually.ts';
import { startMumble } from '../../helpers/mumble-server.ts';

test('an address that is banned while a client is connected enters no room', async (t) => {
  const server = await startMumble(t);
  const client = await server.join();
  const { id } = server.access.bans.add({ address: '127.0.0.0/8', by: null, durationMs: 60_000 });
  client.send('userState', { channelId: client.channel('lobby') });
  await eventually(() => client.of('permissionDenied').length > 0 || client.own.channelId !== 0 || 'no answer');
  t.equal(server.registry.figures.participants, 0);
  t.match(client.of('permissionDenied'), [{ session: client.session }]);
  server.access.bans.liftById(id);
  await client.enter('lobby');
  t.equal(server.registry.figures.participants, 1);
});
