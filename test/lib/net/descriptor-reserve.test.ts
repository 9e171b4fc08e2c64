import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { test } from 'tap';
import { firstReserved, isFromReserve } from '../../../src/lib/net/descriptor-reserve.ts';

test('the reserve is 64 descriptors, or a quarter of a small limit', (t) => {
  t.equal(firstReserved(1024), 960);
  t.equal(firstReserved(256), 192);
  t.equal(firstReserved(100), 75);
  t.equal(firstReserved(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  fc.assert(
    fc.property(fc.nat(100_000), (limit) => {
      const reserved = limit - firstReserved(limit);
      return reserved <= 64 && reserved <= limit / 4 && Number.isInteger(reserved);
    }),
  );
  t.end();
});

test('a connection without a descriptor, or with a low one, is not part of the reserve', (t) => {
  for (const socket of [{}, { _handle: null }, { _handle: {} }, { _handle: { fd: 0 } }, { _handle: { fd: 3 } }]) {
    t.notOk(isFromReserve(socket as unknown as Socket));
  }
  t.end();
});
