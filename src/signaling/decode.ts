import { AppError } from '../lib/errors.ts';
import { type ClientMessage, clientMessageSchema } from '../protocol/client-messages.ts';

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(clientMessageSchema.options.map((option) => option.shape.type.value));

/** The message in one text of the WebSocket. Throws `AppError` `malformed_message` or `unknown_type`, nothing else. */
export function decodeClientMessage(text: string): ClientMessage {
  const value = parseObject(text);
  if (typeof value['type'] === 'string' && !KNOWN_TYPES.has(value['type'])) throw new AppError('unknown_type');
  const checked = clientMessageSchema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AppError('malformed_message', issue && `"${issue.path.join('.')}": ${issue.message}.`);
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError('malformed_message', 'It is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new AppError('malformed_message');
  return value as Record<string, unknown>;
}
