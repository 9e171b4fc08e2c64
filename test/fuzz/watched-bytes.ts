import { hold } from './target.ts';

const INDEX = /^\d+$/;

/**
 * The same bytes, where reading or slicing beyond their end breaks a rule. Slow, and native code would not accept it.
 */
export function watchedBytes(bytes: Uint8Array): Uint8Array {
  return new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && INDEX.test(property)) {
        hold(Number(property) < target.length, `nothing beyond the end is read (${property} of ${target.length})`);
        return target[Number(property)];
      }
      if (property === 'subarray') {
        return (start = 0, end = target.length) => {
          const inside = start >= 0 && start <= end && end <= target.length;
          hold(inside, `nothing beyond the end is sliced (${start} to ${end} of ${target.length})`);
          return target.subarray(start, end);
        };
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The same bytes in the middle of others, so that a read beyond them finds something else. */
export function surrounded(bytes: Uint8Array, by: number): Buffer {
  const room = Buffer.alloc(bytes.length + 64, by);
  room.set(bytes, 32);
  return room.subarray(32, 32 + bytes.length);
}
