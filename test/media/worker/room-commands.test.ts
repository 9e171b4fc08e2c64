import { test } from 'tap';
import type { MixedRoom } from '../../../src/media/worker/room.ts';
import { handleForRoom, type PlainRoomCommand } from '../../../src/media/worker/room-commands.ts';

test('a command reaches its room, and none if that is not open', (t) => {
  const log: unknown[] = [];
  const logged =
    (name: string) =>
    (...given: unknown[]) =>
      log.push([name, ...given]);
  const room = {
    startClosing: logged('close'),
    link: logged('link'),
    setShouts: logged('shouts'),
    setSpace: logged('space'),
    setMix: logged('mix'),
    mixer: { setChannelSounds: logged('sounds') },
  } as unknown as MixedRoom;
  const own = new SharedArrayBuffer(4);
  const mix = { maxTalkers: 1, levelling: false };
  const sounds = new Map();
  const commands: PlainRoomCommand[] = [
    { type: 'close_room', roomId: 1 },
    { type: 'link_room', roomId: 1, own, others: [] },
    { type: 'set_shouts', roomId: 1, shouts: null },
    { type: 'set_space', roomId: 1, space: null },
    { type: 'set_mix', roomId: 1, mix },
    { type: 'set_channel_sounds', roomId: 1, sounds },
  ];
  for (const command of commands) handleForRoom(undefined, command);
  t.same(log, []);
  for (const command of commands) handleForRoom(room, command);
  t.same(log, [['close'], ['link', own, []], ['shouts', null], ['space', null], ['mix', mix], ['sounds', sounds]]);
  t.end();
});
