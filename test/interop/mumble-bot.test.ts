/** A client library for Mumble bots that others wrote: through the tunnel only, in the format of voice before 1.5. */
import { Client, type FullAudioPacket } from '@tf2pickup-org/mumble-client';
import { test } from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { sit } from '../helpers/fake-media-plane.ts';
import { startMumble } from '../helpers/mumble-server.ts';

const FRAME_20_MS = Uint8Array.of(0x78, 1, 2, 3, 4, 5);
/** The library counts packets, which are frames of 10 ms to everybody else. */
const FRAME_10_MS = Uint8Array.of(0x70, 1, 2, 3, 4, 5);

test('a bot of @tf2pickup-org/mumble-client joins, is moved, speaks and hears', async (t) => {
  const server = await startMumble(t);
  const { participant } = server.browser('Bob');
  sit(participant, 'offer');
  const options = { host: '127.0.0.1', port: server.port, rejectUnauthorized: false };
  const bot = await new Client({ ...options, username: 'Bot' }).connect();
  t.teardown(() => bot.disconnect());
  t.match(bot.welcomeText, 'Hi');
  t.equal(bot.self?.name, 'Bot');
  const lobby = bot.channels.byName('lobby');
  await bot.self?.moveToChannel(lobby!.id);
  t.match(server.registry.room('lobby').participants, [{ name: 'Bob' }, { name: 'Bot', via: 'mumble' }]);

  await t.test('what it says reaches its seat', async (t) => {
    const seat = server.plane.rooms[0]?.relayed.at(-1);
    for (let n = 0; n < 3; n++) await bot.socket!.sendAudio({ data: Buffer.from(FRAME_10_MS), isTerminator: n === 2 });
    await eventually(() => seat?.sent.length === 4 || `${seat?.sent.length} packets`);
    t.match(
      seat?.sent.map(({ sequenceNumber, timestamp, payload }) => [sequenceNumber, timestamp, payload.length]),
      [
        [1, 0, 6],
        [2, 480, 6],
        [3, 960, 6],
        [4, 1440, 1],
      ],
    );
  });

  await t.test('it hears a browser, knows who it is, and when they have ended', async (t) => {
    const heard: FullAudioPacket[] = [];
    bot.socket!.fullAudioPacket.subscribe((packet) => heard.push(packet));
    const place = { seatId: participant.seat!.id, stream: 7, levelDbov: -20, payload: FRAME_20_MS };
    for (let n = 0; n < 3; n++)
      server.plane.rooms[0]?.tap?.sink.voice({ ...place, arrivalMs: server.clock.now(), timestamp: 960 * n });
    await eventually(() => heard.length === 3 || `${heard.length} packets`);
    server.clock.advance(400);
    await eventually(() => heard.length === 4 || 'no end');
    t.match(heard, [{ sequence: 0 }, { sequence: 2 }, { sequence: 4 }, { sequence: 6, hasTerminator: true }]);
    t.equal(bot.users.bySession(heard[0]!.source)?.name, 'Bob');
    t.same([...heard[0]!.audioData], [...FRAME_20_MS]);
  });

  await t.test('whoever mutes it is seen, and it mutes itself', async (t) => {
    await bot.self?.setSelfMute(true);
    t.equal(bot.self?.selfMute, true);
    t.match(server.registry.room('lobby').participants, [{ name: 'Bob' }, { name: 'Bot', muted: true }]);
  });
});
