import { test } from 'tap';
import { newSpanId, newTraceId, parseTraceParent } from '../../src/lib/span.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('ids are random hexadecimal numbers of the right length', (t) => {
  t.match(newTraceId(), /^[\da-f]{32}$/);
  t.match(newSpanId(), /^[\da-f]{16}$/);
  t.not(newTraceId(), newTraceId());
  t.not(newSpanId(), newSpanId());
  t.end();
});

test('a traceparent is read as W3C Trace Context says', (t) => {
  const sampled = { traceId: TRACE, spanId: SPAN, isSampled: true };
  t.strictSame(parseTraceParent(`00-${TRACE}-${SPAN}-01`), sampled);
  t.strictSame(parseTraceParent(`00-${TRACE}-${SPAN}-00`), { ...sampled, isSampled: false });
  t.strictSame(parseTraceParent(`00-${TRACE}-${SPAN}-02`), { ...sampled, isSampled: false });
  t.strictSame(parseTraceParent(`00-${TRACE}-${SPAN}-03`), sampled);
  // A later version may say more.
  t.strictSame(parseTraceParent(`cc-${TRACE}-${SPAN}-01-more`), sampled);
  const invalid = [
    undefined,
    '',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}0-${SPAN}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
  ];
  for (const header of invalid) t.equal(parseTraceParent(header), undefined, String(header));
  t.end();
});
