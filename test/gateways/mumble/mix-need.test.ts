import { test } from 'tap';
import { eventually } from '../../helpers/eventually.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { startMumble } from '../../helpers/mumble-server.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);

test('whoever is whispered to by a browser hears the mix for a while, and then single voices again', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { participant: bob } = server.browser('Bob');
  sit(bob, 'offer');
  const [client, other] = [await server.join(), await server.join({ name: 'Carl' })];
  const { relayed, tap } = server.plane.rooms[0]!;
  const seats = () => relayed.filter(({ open }) => open).map(({ options }) => options.listens);
  t.same(seats(), [false, false]);
  const room = server.registry.room('lobby');
  const ada = room.everybody.find(({ name }) => name === 'Ada')!;
  bob.talkTo({ room: false, channels: [], to: [ada.id] });
  await eventually(() => ada.seat?.id === relayed.at(-1)?.id || 'no other seat');
  t.same(seats(), [false, true], 'nobody else');
  await eventually(() => client.user('Everybody (mixed)') !== undefined || 'not shown');
  relayed.at(-1)!.options.sink.mix(SPEECH, 960, true);
  await eventually(() => client.heard.length > 0 || 'nothing heard');
  t.equal(client.heard[0]?.session, client.user('Everybody (mixed)')?.session);
  t.equal(other.user('Everybody (mixed)'), undefined);
  tap!.sink.voice({ seatId: bob.seat!.id, stream: 1, levelDbov: -20, arrivalMs: 0, timestamp: 0, payload: SPEECH });
  await eventually(() => other.heard.length > 0 || 'nothing heard');
  t.equal(client.heard.length, 1, 'what is in the mix does not come by itself as well');
  bob.talkTo({ room: true, channels: [], to: [] });
  server.clock.advance(9000);
  t.same(seats(), [false, true]);
  server.clock.advance(3000);
  t.same(seats(), [false, false]);
  await eventually(() => client.user('Everybody (mixed)') === undefined || 'still shown');
});

test('so does whoever hears a channel in which somebody speaks, and a Mumble client that whispers changes nothing', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const clients = [await server.join(), await server.join({ name: 'Carl' })];
  const room = server.registry.room('lobby');
  const [ada, carl] = room.everybody;
  const seats = () => server.plane.rooms[0]!.relayed.filter(({ open }) => open).map(({ options }) => options.listens);
  carl!.talkTo({ room: false, channels: [], to: [ada!.id] });
  server.clock.advance(2000);
  t.same(seats(), [false, false]);
  room.sound.putChannel('red', { open: true, speak: [], hear: [] });
  for (const one of [ada!, carl!]) one.setInChannel('red', true);
  server.clock.advance(2000);
  t.same(seats(), [false, false], 'nobody speaks there');
  carl!.talkTo({ room: false, channels: ['red'], to: [] });
  server.clock.advance(2000);
  t.same(seats(), [false, true]);
  t.equal(ada!.seat?.id, server.plane.rooms[0]!.relayed.at(-1)!.id);
  t.equal(clients.length, 2);
});

test('what is played is shown as a user, and goes', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const clients = [await server.join(), await server.join({ name: 'Carl', format: 'old' })];
  const { relayed, tap } = server.plane.rooms[0]!;
  tap!.sink.voice({ seatId: 777, stream: 1, levelDbov: null, arrivalMs: 0, timestamp: 0, payload: SPEECH });
  for (const client of clients) await eventually(() => client.user('♪ Sounds') !== undefined || 'not shown');
  relayed.at(-1)!.options.sink.mix(SPEECH, 960, true);
  for (const client of clients) {
    await eventually(() => client.heard.length > 0 || 'nothing heard');
    t.equal(client.heard[0]?.session, client.user('♪ Sounds')?.session);
  }
  for (let s = 0; s < 12; s++) server.clock.advance(1000);
  for (const client of clients) await eventually(() => client.user('♪ Sounds') === undefined || 'still shown');
});
