import { test } from 'tap';
import { SCALING_COLUMNS, type ScalingRow } from '../../bench/lib/scaling-result.ts';

const memory = SCALING_COLUMNS.find(({ title }) => title.startsWith('memory'))!;
const text = (participants: number, memoryMbEach: number) => memory.value({ participants, memoryMbEach } as ScalingRow);

test('memory per participant is not shown when it shrank or grew by less than can be measured', async (t) => {
  t.equal(text(10, -1.4), '–');
  t.equal(text(10, 1.5), '–');
  t.equal(text(100, 0.2), '0.20');
});
