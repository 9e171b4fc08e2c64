import { test } from 'tap';
import { eventually } from '../../helpers/eventually.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { startMumble } from '../../helpers/mumble-server.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);

test('while their room goes on at another server, Mumble clients hear each other, and then come again', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { participant: bob } = server.browser('Bob');
  sit(bob, 'offer');
  const [client, carl] = [await server.join(), await server.join({ name: 'Carl' })];
  await eventually(() => client.users.size === 3 || 'not all are shown');
  const carlSession = client.user('Carl')!.session!;
  const room = server.registry.room('lobby');
  server.registry.leadAway('lobby', 'https://other.example');

  server.clock.advance(2000);
  bob.setState({ muted: true });
  bob.setState({ muted: false });
  server.clock.advance(1000);
  t.same([client.users.size, carl.users.size], [3, 3], 'nobody is gone');

  const place = { seatId: bob.seat!.id, stream: 1, levelDbov: -20, arrivalMs: 0, timestamp: 0 };
  server.plane.rooms[0]!.tap!.sink.voice({ ...place, payload: SPEECH });
  await eventually(() => client.heard.length === 1 || 'not heard');
  client.send('voiceTarget', { id: 1, targets: [Uint8Array.of(0x08, carlSession)] });
  carl.heard.length = 0;
  client.say(0, SPEECH, { target: 1 });
  await eventually(() => carl.heard.length === 1 || 'the whisper is not heard');

  room.close('server_closing');
  await eventually(() => (client.isClosed && carl.isClosed) || 'still connected');
  t.same(
    client.of('userRemove').filter(({ session }) => session === client.session),
    [],
    'whoever is told to have been removed does not come again',
  );
});

test('who enters a room that is here again does not hear those who are still led away', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { participant: bob } = server.browser('Bob');
  sit(bob, 'offer');
  const client = await server.join();
  server.registry.leadAway('lobby', 'https://other.example');
  const late = await server.join({ name: 'Late' });
  t.equal(server.plane.rooms.length, 2);
  const place = { seatId: bob.seat!.id, stream: 1, levelDbov: -20, arrivalMs: 0, timestamp: 0 };
  server.plane.rooms[0]!.tap!.sink.voice({ ...place, payload: SPEECH });
  await eventually(() => client.heard.length === 1 || 'not heard');
  late.ping();
  await eventually(() => late.of('ping').length > 0 || 'no answer');
  t.equal(late.heard.length, 0);
});
