import { test } from 'tap';
import { Changes } from '../../../src/mixer/mix/changes.ts';
import type { Place } from '../../../src/mixer/mix/mix-participant.ts';

test('each change is ended once, at the end of the tick', (t) => {
  const log: string[] = [];
  const place = (name: string) =>
    ({
      steady: {},
      hearing: { endFrame: () => log.push(`${name} hears`) },
      endMove: () => log.push(`${name} moved`),
    }) as unknown as Place;
  const [one, two] = [place('one'), place('two')];
  const changes = new Changes();
  t.ok(changes.isEmpty);
  for (const person of [one, two, one]) changes.adjust(person);
  t.notOk(changes.isEmpty);
  changes.endTick();
  t.same(log.splice(0), ['one hears', 'two hears']);
  t.ok(changes.isEmpty);
  changes.move(two);
  changes.move(two);
  t.equal(two.steady, undefined, 'what they hear is looked at again');
  t.not(one.steady, undefined);
  t.notOk(changes.isEmpty);
  changes.endTick();
  changes.endTick();
  t.same(log, ['two moved']);
  t.end();
});
