/**
 * Shortens an array that is filled anew in every tick, by index from the start, to its first `length` items. Emptying it
 * before would give its memory away, and V8 takes a slow path to set a length even if that changes nothing.
 */
export function cutTo(items: unknown[], length: number): void {
  if (length < items.length) items.length = length;
}
