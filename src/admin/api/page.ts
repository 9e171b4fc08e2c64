/** The part of a list that a request asks for. */
export function pageOf<T>(
  all: readonly T[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
): T[] {
  return all.slice(offset, offset + limit);
}
