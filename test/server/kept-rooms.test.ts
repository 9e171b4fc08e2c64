import { test } from 'tap';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

test('the rooms of the settings are there from the start, in their order, and stay', async (t) => {
  const rooms = 'Lobby=Everyone starts here,Games/Go,Games/Chess=Slow, and quiet,2=,1';
  const server = await startServer(['--kept-rooms', rooms, '--room-list', 'public']);
  t.teardown(() => server.close());
  const ask = async (path: string): Promise<unknown> => (await fetch(`${server.url}${path}`)).json();
  const client = await SignalingClient.open(server.webSocketUrl);
  t.match(await client.join('games/go', 'Ada'), { room: 'Games/Go', roomList: true });
  client.send({ type: 'leave' });
  await client.settled();
  const listed = ['Lobby', 'Games/Go', 'Games/Chess', 'and quiet', '2', '1'];
  t.match(
    await ask('/room-list'),
    listed.map((name) => ({ name, permanent: true, participants: 0 })),
  );
  t.match(await ask('/room-list'), [{ description: 'Everyone starts here' }, { description: '' }]);
  t.equal(await ask('/people?room=lobby'), null, 'without the setting room-preview');
});

test('who is in a room is told beforehand where the operator wants that', async (t) => {
  const server = await startServer(['--room-preview', 'on', '--room-passwords', 'vault=sesame']);
  t.teardown(() => server.close());
  const ask = async (path: string): Promise<unknown> => (await fetch(`${server.url}${path}`)).json();
  const client = await SignalingClient.open(server.webSocketUrl);
  t.match(await client.join('Games/Go', 'Ada'), { roomList: false });
  t.same(await ask('/people?room=games%2Fgo'), { names: ['Ada'], participants: 1 });
  t.equal(await ask('/people?room=vault'), null);
  t.equal(await ask('/room-list'), null);
});
