import { z } from 'zod';
import type { ValueKind } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of OpenTelemetry; part of `SETTINGS`. */
export const TRACING_SETTINGS = {
  traceUrl: setting(receiverUrl(), {
    default: '',
    help: 'Receiver of OpenTelemetry traces (OTLP over HTTP with JSON), such as http://127.0.0.1:4318/v1/traces. Each join is one trace, without names and addresses. Empty: none.',
  }),
};

function receiverUrl(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || isReceiverUrl(text)),
    fromText: (text) => text,
    allowed: 'a URL such as http://127.0.0.1:4318/v1/traces, without a user or a fragment',
    placeholder: 'URL',
  };
}

function isReceiverUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
