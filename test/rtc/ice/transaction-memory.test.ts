import { test } from 'tap';
import { TransactionMemory } from '../../../src/rtc/ice/transaction-memory.ts';
import { createBytes } from '../bytes.ts';

test('each of the last 256 transactions is new once', (t) => {
  const bytes = createBytes(1);
  const memory = new TransactionMemory();
  const transactions = Array.from({ length: 300 }, () => bytes(12));
  t.ok(transactions.every((id) => memory.add(id)));
  t.ok(transactions.slice(-256).every((id) => !memory.add(id)));
  t.ok(memory.add(transactions[0]!), 'older ones are forgotten');
  const similar = Buffer.from(transactions[299]!);
  similar[11]! ^= 1;
  t.ok(memory.add(similar));
  t.end();
});

test('transactions that differ in a single bit are different', (t) => {
  const memory = new TransactionMemory();
  const plain = createBytes(2)(12);
  t.ok(memory.add(plain));
  for (let bit = 0; bit < 96; bit++) {
    const other = Buffer.from(plain);
    other[bit >> 3]! ^= 1 << (bit & 7);
    t.ok(memory.add(other), `bit ${bit}`);
    t.notOk(memory.add(other), `bit ${bit} again`);
  }
  t.notOk(memory.add(plain));
  t.end();
});
