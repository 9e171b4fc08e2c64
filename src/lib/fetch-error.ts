/** Why `fetch` has failed. Its own message says only that it did; its cause says why. */
export function reasonOfFetch(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  // With several addresses, only the code says something.
  return cause.message !== '' ? cause.message : 'code' in cause ? String(cause.code) : cause.name;
}
