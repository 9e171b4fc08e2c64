import fc from 'fast-check';
import { test } from 'tap';
import { type Person, RoomHearing } from '../../src/rooms/hearing.ts';
import { cases } from '../helpers/cases.ts';

const guest = (id: string): Person => ({ id, admission: { identity: null } });
const known = (id: string, identity: string): Person => ({ id, admission: { identity } });

test('a gain applies to one listener and one voice, and setting 1 forgets it', (t) => {
  const hearing = new RoomHearing();
  const [ada, ben, cleo] = [guest('a'), guest('b'), guest('c')];
  hearing.set(ada, ben, 0.5);
  t.equal(hearing.gainOf(ada, ben), 0.5);
  t.equal(hearing.gainOf(ben, ada), 1);
  t.equal(hearing.gainOf(ada, cleo), 1);
  t.strictSame([...hearing.gainsOf(ada, [ada, ben, cleo])], [['b', 0.5]]);
  t.equal(hearing.hasGainFor(ben), true);
  t.equal(hearing.hasGainFor(ada), false);
  hearing.set(ada, ben, 1);
  t.equal(hearing.hasGainFor(ben), false);
  t.strictSame([...hearing.gainsOf(ada, [ada, ben, cleo])], []);
  t.end();
});

test("a gain follows a token's identity, on both sides, and a guest with the same text is not mistaken for it", (t) => {
  const hearing = new RoomHearing();
  hearing.set(known('1', 'ada'), known('2', 'ben'), 0);
  t.equal(hearing.gainOf(known('3', 'ada'), known('4', 'ben')), 0);
  t.strictSame([...hearing.gainsOf(known('3', 'ada'), [known('4', 'ben')])], [['4', 0]]);
  t.equal(hearing.gainOf(known('3', 'ada'), guest('ben')), 1);
  t.end();
});

test('a room keeps at most 200 gains per listener, and those of the latest 2,000 listeners', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), (count) => {
      const hearing = new RoomHearing();
      const voices = Array.from({ length: count }, (_, i) => guest(`voice ${i}`));
      for (const voice of voices) hearing.set(guest('a'), voice, 0.5);
      const kept = [...hearing.gainsOf(guest('a'), voices).keys()];
      return (
        kept.join() ===
        voices
          .slice(-200)
          .map(({ id }) => id)
          .join()
      );
    }),
    { numRuns: cases(20) },
  );
  const hearing = new RoomHearing();
  const listeners = Array.from({ length: 2500 }, (_, i) => guest(`listener ${i}`));
  for (const listener of listeners) hearing.set(listener, guest('b'), 2);
  t.strictSame(
    listeners.filter((listener) => hearing.gainOf(listener, guest('b')) === 2),
    listeners.slice(-2000),
  );
  t.end();
});
