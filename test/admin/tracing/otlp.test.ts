import { test } from 'tap';
import { encodeSpans } from '../../../src/admin/tracing/otlp.ts';
import { otlpRequest } from '../../helpers/otlp-receiver.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const times = { startMs: 1_796_100_000_000.25, endMs: 1_796_100_000_123.5 };

test('spans are written in the JSON of OTLP', (t) => {
  const join = {
    ...times,
    traceId: TRACE,
    spanId: 'a'.repeat(16),
    parentSpanId: 'b'.repeat(16),
    name: 'join',
    attributes: { 'partyline.outcome': 'connected', 'partyline.resumes': false },
    isError: false,
  };
  const part = { ...times, traceId: TRACE, spanId: 'c'.repeat(16), name: 'ice', attributes: {}, isError: true };
  const request = JSON.parse(encodeSpans([join, part], { version: '1.2.3', instanceId: 'one' }));
  otlpRequest.parse(request);
  t.strictSame(request, {
    resourceSpans: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'partyline' } },
            { key: 'service.version', value: { stringValue: '1.2.3' } },
            { key: 'service.instance.id', value: { stringValue: 'one' } },
          ],
        },
        scopeSpans: [
          {
            scope: { name: 'partyline', version: '1.2.3' },
            spans: [
              {
                traceId: TRACE,
                spanId: 'a'.repeat(16),
                parentSpanId: 'b'.repeat(16),
                flags: 1,
                name: 'join',
                kind: 2,
                startTimeUnixNano: '1796100000000250000',
                endTimeUnixNano: '1796100000123500000',
                attributes: [
                  { key: 'partyline.outcome', value: { stringValue: 'connected' } },
                  { key: 'partyline.resumes', value: { boolValue: false } },
                ],
                status: {},
              },
              {
                traceId: TRACE,
                spanId: 'c'.repeat(16),
                flags: 1,
                name: 'ice',
                kind: 1,
                startTimeUnixNano: '1796100000000250000',
                endTimeUnixNano: '1796100000123500000',
                attributes: [],
                status: { code: 2 },
              },
            ],
          },
        ],
      },
    ],
  });
  t.end();
});
