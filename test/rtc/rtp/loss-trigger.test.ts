import { test } from 'tap';
import { LossTrigger } from '../../../src/rtc/rtp/loss-trigger.ts';

/** The trigger's state after each report. One comes every five seconds. */
function after(...percents: number[]): string {
  const trigger = new LossTrigger();
  return percents
    .map((percent, i) => {
      trigger.report(percent / 100, i * 5000);
      return trigger.on ? '1' : '0';
    })
    .join('');
}

test('two of three reports above 2 % turn it on', (t) => {
  t.equal(after(3), '0', 'not one');
  t.equal(after(3, 3), '01');
  t.equal(after(3, 0, 3), '001');
  t.equal(after(3, 0, 0, 3), '0000', 'not two of four');
  t.equal(after(2, 2, 2), '000', 'not 2 %');
  t.end();
});

test('30 s below 0.5 % turn it off, and nothing less', (t) => {
  t.equal(after(9, 9, 0, 0, 0, 0, 0, 0, 0), '011111110');
  t.equal(after(9, 9, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), '0111111111111110', 'one bad report starts it over');
  t.equal(after(9, 9, ...Array(20).fill(0.5)), `0${'1'.repeat(21)}`);
  t.equal(after(9, 9, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9), '011111110001', 'it turns on again');
  t.end();
});

test('the 30 s begin with the first good report, and end to the millisecond', (t) => {
  for (const [lastMs, on] of [
    [30_999, true],
    [31_000, false],
  ] as const) {
    const trigger = new LossTrigger();
    trigger.report(0.03, 0);
    trigger.report(0.03, 500);
    for (const atMs of [1000, 2000, lastMs]) trigger.report(0.004, atMs);
    t.equal(trigger.on, on);
  }
  t.end();
});

test('three reports count, not more', (t) => {
  t.equal(after(3, 0, 3, 0, 0, 0), '001111');
  t.equal(after(0, 3, 0, 0, 3, 0, 3), '0000001');
  t.equal(after(2.01, 2.01), '01', 'just above 2 %');
  t.end();
});
