import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { type Test, test } from 'tap';
import { FilePlayers } from '../../../src/gateways/players/control.ts';
import { toAppError } from '../../../src/lib/errors.ts';
import type { PlayerInfo, PlayRequest } from '../../../src/rooms/players.ts';
import type { Room } from '../../../src/rooms/room.ts';
import { eventually } from '../../helpers/eventually.ts';
import { createFrameDecoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { concatInt16, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedServer } from '../../helpers/simulated-server.ts';
import { oggOf, tonePackets } from '../../helpers/sound-file.ts';

const request = (file: string, more: Partial<PlayRequest> = {}): PlayRequest => ({
  file,
  loop: false,
  gainDb: 0,
  duckDb: 0,
  ...more,
});

/** A room of the real media plane in simulated time, somebody who hears it, and a directory of sounds. */
async function setUp(t: Test) {
  const server = await SimulatedServer.start(1, 5);
  t.teardown(() => server.close());
  const directory = t.testdir();
  const ends: (readonly [file: string, reason: string, playedMs: number])[] = [];
  const players = new FilePlayers({
    directory,
    clock: server.clock,
    log: pino({ level: 'silent' }),
    ended: ({ file, playedMs }: PlayerInfo, reason) => ends.push([file, reason, playedMs]),
  });
  const room = server.registry.create({ name: 'lobby', locked: false });
  const decode = createFrameDecoder();
  const frames: Int16Array[] = [];
  room.media.connectRelayed({
    speaks: false,
    listens: true,
    state: { muted: true, deafened: false, hearing: [] },
    sink: { mix: (payload) => frames.push(decode(payload)) },
    events: { connected: () => {}, silent: () => {}, closed: () => {} },
  });
  /** Files are read in real time, so it passes slowly. */
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      server.clock.advance(20);
      for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    }
  };
  /** Until a player has ended: its file is read in real time. */
  const runToEnd = (count = 1) =>
    eventually(async () => {
      await run(100);
      return ends.length >= count || `${ends.length} have ended`;
    });
  const add = (name: string, bytes: Uint8Array) => writeFile(join(directory, name), bytes);
  const code = (file: string, inRoom: Room = room) =>
    players.start(inRoom, request(file)).then(
      () => 'ok',
      (error: unknown) => toAppError(error).code,
    );
  return { server, players, room, directory, frames, ends, run, runToEnd, add, code };
}

/** Frames in which a tone of 700 Hz is heard. */
const heard = (frames: readonly Int16Array[]) => frames.filter((frame) => toneLevelDbfs(frame, 700) > -45).length;

test('a file is heard from its first packet to its last, and its end is told', async (t) => {
  const { players, room, frames, ends, run, runToEnd, add } = await setUp(t);
  await add('gong.opus', oggOf(tonePackets(700, 150)));
  t.same(await players.files(), ['gong.opus']);
  const info = await players.start(room, request('gong.opus'));
  t.match(info, { room: 'lobby', file: 'gong.opus', loop: false, gainDb: 0, duckDb: 0, playedMs: 0 });
  t.same(
    room.players.all.map(({ info: { id } }) => id),
    [info.id],
  );
  const playedMs = () => room.players.get(info.id)!.info.playedMs;
  // All of it comes with the first piece, which is read in real time.
  await eventually(async () => {
    await run(20);
    return playedMs() > 0 || 'nothing has been read';
  });
  const before = playedMs();
  await run(1000);
  const passed = playedMs() - before;
  t.ok(passed >= 900 && passed <= 1100, `${passed} ms`);
  t.same(ends, []);
  await runToEnd();
  t.same(ends, [['gong.opus', 'finished', 3000]]);
  t.same(room.players.all, []);
  const count = heard(frames);
  t.ok(count >= 148 && count <= 156, `${count} frames`);
});

test('gain and loop count, and what is stopped ends at once', async (t) => {
  const { players, room, frames, ends, run, add } = await setUp(t);
  await add('a.opus', oggOf(tonePackets(700, 20), 6 * 256));
  await run(100);
  const { id } = await players.start(room, request('a.opus', { loop: true, gainDb: -12 }));
  await eventually(async () => {
    await run(100);
    return heard(frames) > 60 || `${heard(frames)} frames, of which a round has 20`;
  });
  // The header asks for 6 dB more.
  const level = toneLevelDbfs(concatInt16(frames.filter((frame) => heard([frame]) > 0).slice(5, 15)), 700);
  const original = toneLevelDbfs(concatInt16(tonePackets(700, 20).map(createFrameDecoder()).slice(5)), 700);
  t.ok(Math.abs(level - original + 6) < 2, `${level - original} dB`);
  room.players.get(id)?.end('stopped');
  room.players.get(id)?.end('stopped');
  t.match(ends, [['a.opus', 'stopped']]);
  await run(200);
  const before = heard(frames);
  await run(500);
  t.equal(heard(frames), before);
});

test('a file that is emptied while it loops ends the player', async (t) => {
  const { players, room, ends, run, runToEnd, add } = await setUp(t);
  await add('a.opus', oggOf(tonePackets(700, 20)));
  await players.start(room, request('a.opus', { loop: true }));
  await run(200);
  await add('a.opus', new Uint8Array());
  await runToEnd();
  t.match(ends, [['a.opus', 'file_failed']]);
});

test('names of files stay names', async (t) => {
  const { players, directory, add, code } = await setUp(t);
  await add('a.opus', oggOf(tonePackets(700, 2)));
  await add('.hidden.opus', oggOf(tonePackets(700, 2)));
  await add('text.txt', Buffer.from('no sound'));
  await symlink('/etc/passwd', join(directory, 'link.opus'));
  t.same(await players.files(), ['a.opus', 'text.txt']);
  for (const name of ['../a.opus', './a.opus', '/etc/passwd', 'link.opus', '.hidden.opus', '', 'A.opus', 'a.opus\0'])
    t.equal(await code(name), 'unknown_sound', name);
  t.equal(await code('text.txt'), 'unsupported_media');
  const off = new FilePlayers({ directory: '', clock: {} as never, log: {} as never, ended: () => {} });
  await t.rejects(off.files(), { code: 'players_off' });
});

test('a room has a bounded number of players, even while files are opened', async (t) => {
  const { room, add, code, runToEnd } = await setUp(t);
  await add('a.opus', oggOf(tonePackets(700, 20)));
  const codes = await Promise.all(Array.from({ length: 6 }, () => code('a.opus')));
  t.same(codes.sort(), ['ok', 'ok', 'ok', 'ok', 'too_many_players', 'too_many_players']);
  await runToEnd(4);
  t.same(room.players.all, []);
  t.equal(await code('a.opus'), 'ok');
});

test('players end with their room or their worker', async (t) => {
  const { server, room, add, code, run, ends } = await setUp(t);
  await add('a.opus', oggOf(tonePackets(700, 100)));
  await code('a.opus');
  server.crashWorker(0);
  await run(200);
  t.match(ends, [['a.opus', 'media_failed']]);
  await code('a.opus');
  room.close('room_closed');
  t.match(ends[1], ['a.opus', 'room_closed']);
  t.equal(await code('a.opus', room), 'unknown_room');
});

test('music ducks under a voice', async (t) => {
  const { players, room, frames, run, add } = await setUp(t);
  await add('a.opus', oggOf(tonePackets(700, 200)));
  const voice = room.media.connectRelayed({
    speaks: true,
    listens: false,
    state: { muted: false, deafened: true, hearing: [] },
    sink: { mix: () => {} },
    events: { connected: () => {}, silent: () => {}, closed: () => {} },
  });
  await players.start(room, request('a.opus', { duckDb: 20 }));
  const level = () => toneLevelDbfs(concatInt16(frames.slice(-10)), 700);
  // The file comes from the disk, which knows nothing of the simulated time.
  for (let n = 0; n < 2000 && !(level() > -60); n++) await run(20);
  await run(1000);
  const before = level();
  for (const [n, payload] of tonePackets(2000, 50).entries()) {
    voice.send({ sequenceNumber: n, timestamp: n * FRAME_SAMPLES, payload, levelDbov: -20 });
    await run(20);
  }
  const difference = before - level();
  t.ok(difference > 17 && difference < 24, `${difference} dB`);
});
