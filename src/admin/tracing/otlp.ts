/** OTLP/HTTP with JSON: `ExportTraceServiceRequest` of opentelemetry-proto, in its JSON mapping. */
import type { Millis } from '../../lib/clock.ts';
import type { Span } from '../../lib/span.ts';

export interface TracedService {
  readonly version: string;
  /** Distinguishes processes of the same name. */
  readonly instanceId: string;
}

const NAME = 'partyline';
/** `SPAN_KIND_SERVER` and `SPAN_KIND_INTERNAL`: the whole request, and the parts of it. */
const SERVER = 2;
const INTERNAL = 1;
const STATUS_ERROR = 2;
/** Bit 0: sampled. */
const FLAGS = 1;

/** The body of a request with these spans. */
export function encodeSpans(spans: readonly Span[], { version, instanceId }: TracedService): string {
  const resource = attributes({ 'service.name': NAME, 'service.version': version, 'service.instance.id': instanceId });
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: resource },
        scopeSpans: [{ scope: { name: NAME, version }, spans: spans.map(encode) }],
      },
    ],
  });
}

function encode(span: Span): object {
  const { traceId, spanId, parentSpanId, name, isError } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    flags: FLAGS,
    name,
    kind: name === 'join' ? SERVER : INTERNAL,
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: attributes(span.attributes),
    status: isError ? { code: STATUS_ERROR } : {},
  };
}

function attributes(values: Readonly<Record<string, string | boolean>>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { boolValue: value },
  }));
}

/** 64-bit numbers are texts in JSON. A number of JavaScript holds microseconds since 1970. */
function nanoseconds(ms: Millis): string {
  return `${Math.round(ms * 1000)}000`;
}
