/** Spans of OpenTelemetry: pieces of work in time, and the context in which another program began them. */
import { randomBytes } from 'node:crypto';
import type { Millis } from './clock.ts';

export interface Span {
  /** 16 bytes in hexadecimal, the same for all spans of a trace. */
  readonly traceId: string;
  /** 8 bytes in hexadecimal. */
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: Millis;
  readonly endMs: Millis;
  readonly attributes: Readonly<Record<string, string | boolean>>;
  readonly isError: boolean;
}

/** Where finished spans go. */
export interface SpanSink {
  /** Never throws, and never waits. */
  add(span: Span): void;
}

/** The span of another program that this work belongs to. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** The other program keeps this trace. */
  readonly isSampled: boolean;
}

const SAMPLED = 1;

export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/** The header `traceparent` (W3C Trace Context, section 3.2); undefined if it is missing or invalid. */
export function parseTraceParent(header: string | undefined): TraceParent | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(header ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}
