/** Checks whether the receiver of traces takes them. */
import { createPost } from '../../admin/webhooks/post.ts';
import { reasonOfFetch } from '../../lib/fetch-error.ts';
import type { CheckInput, CheckResult } from './result.ts';

const LIMIT_MS = 3000;
/** A request of OTLP without spans, which receivers accept. */
const NOTHING = JSON.stringify({ resourceSpans: [] });

/** No result without a receiver. */
export async function checkTracing({ config, clock }: CheckInput): Promise<readonly CheckResult[]> {
  const { traceUrl: url } = config;
  if (url === '') return [];
  const name = 'traces';
  const advice = 'Joins work without it, but are not traced. Check --trace-url and the receiver.';
  const { signal } = new AbortController();
  try {
    const { status } = await createPost(clock)({ url, headers: {}, body: NOTHING, timeoutMs: LIMIT_MS, signal });
    if (status >= 200 && status < 300) return [{ name, status: 'ok', text: `${url} takes traces.` }];
    return [{ name, status: 'warn', text: `${url} answered with HTTP status ${status}. ${advice}` }];
  } catch (error) {
    return [{ name, status: 'warn', text: `${url} does not answer: ${reasonOfFetch(error)}. ${advice}` }];
  }
}
