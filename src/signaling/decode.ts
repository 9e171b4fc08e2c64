import { AppError, type ErrorCode } from '../lib/errors.ts';
import { type ClientMessage, clientMessageSchema } from '../protocol/client-messages.ts';

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(clientMessageSchema.options.map((option) => option.shape.type.value));

/** Fields with an error code of their own if they are too long, as if they were only a little too long. */
const TOO_LONG: ReadonlyMap<string, ErrorCode> = new Map([
  ['name', 'invalid_name'],
  ['room', 'invalid_room'],
  ['sdp', 'sdp_too_large'],
  ['text', 'invalid_text'],
]);

/**
 * Parses one text message of the WebSocket. Throws `AppError`: `malformed_message`, `unknown_type`, or one of
 * `TOO_LONG`.
 */
export function decodeClientMessage(text: string): ClientMessage {
  const value = parseObject(text);
  if (typeof value['type'] === 'string' && !KNOWN_TYPES.has(value['type'])) throw new AppError('unknown_type');
  const checked = clientMessageSchema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const tooLong = issue?.code === 'too_big' ? TOO_LONG.get(issue.path.join('.')) : undefined;
  if (tooLong !== undefined) throw new AppError(tooLong);
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
