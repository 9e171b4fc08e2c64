import { test } from 'tap';
import { isForEveryone } from '../../../src/mixer/mix/contributor.ts';
import { TO_ROOM } from '../../../src/mixer/mix/voice-path.ts';
import { addressOf } from '../../helpers/still-voice.ts';

test('a voice is for everyone if it goes to the room and nowhere else, and did in the previous tick', (t) => {
  const others = [addressOf([1]), addressOf([0, 1]), addressOf([0], [7]), addressOf([], [7]), addressOf([])];
  const isForAll = (address = TO_ROOM, addressBefore = TO_ROOM) =>
    isForEveryone({ address, addressBefore } as Parameters<typeof isForEveryone>[0]);
  t.ok(isForAll());
  for (const other of others) {
    t.notOk(isForAll(other));
    t.notOk(isForAll(TO_ROOM, other));
    t.notOk(isForAll(other, other));
  }
  t.end();
});
