import { test } from 'tap';
import { StereoRoom } from '../../../src/mixer/mix/stereo-room.ts';

test('a room is in stereo from when the first music enters until it is silent without any', (t) => {
  const room = new StereoRoom();
  t.notOk(room.isStereo);
  t.notOk(room.endTick(true));
  t.ok(room.musicEntered());
  t.notOk(room.musicEntered(), 'it was before');
  t.notOk(room.endTick(true), 'music may begin at any time');
  room.musicLeft();
  t.notOk(room.endTick(true));
  room.musicLeft();
  t.notOk(room.endTick(false), 'somebody is heard');
  t.ok(room.isStereo);
  t.ok(room.endTick(true));
  t.notOk(room.isStereo);
  t.notOk(room.endTick(true), 'it changes once');
  t.end();
});
