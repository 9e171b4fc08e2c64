/**
 * What went wrong, never empty: the message, or the name and code if there is none, then the parts of an
 * `AggregateError` (when a connection failed on each address of a name, they say everything) and the cause.
 */
export function failureText(error: unknown): string {
  return textOf(error, 3);
}

function textOf(error: unknown, depth: number): string {
  if (!(error instanceof Error)) return String(error) || 'it failed without a message';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const texts = [error.message || [error.name, code].filter(Boolean).join(' ')];
  if (depth > 0) {
    if (error instanceof AggregateError) texts.push(...error.errors.map((part) => textOf(part, depth - 1)));
    if (error.cause !== undefined) texts.push(textOf(error.cause, depth - 1));
  }
  return texts.join('; ');
}
